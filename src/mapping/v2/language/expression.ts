/** What a rule writes instead of its source: a constant or a concatenation, `"urn:oid:" + HD.2`. */
import { LanguageError, makeTokens, type Tokens } from './tokens.ts'
import { parseV2Path, type V2Path } from './v2-path.ts'

export type Term = { readonly text: string } | { readonly path: V2Path }

/** @throws LanguageError */
export function parseExpression(text: string): readonly Term[] {
  const tokens = makeTokens(text)
  const terms = [parseTerm(tokens)]
  while (tokens.take('+')) terms.push(parseTerm(tokens))
  tokens.end()
  return terms
}

function parseTerm(tokens: Tokens): Term {
  if (tokens.quoted) return { text: tokens.text() }
  const word = tokens.word()
  const path = parseV2Path(word)
  if (!path) throw new LanguageError(`"${word}" is neither a text in quotes nor a v2 path`)
  return { path }
}
