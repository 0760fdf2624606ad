/**
 * The text of `_text` and `_content`: words, "phrases", AND, OR, NOT and brackets. NOT binds closest, then AND, which may be
 * left out, then OR. https://hl7.org/fhir/R4/search.html#content, which names OData's `$search` as a model.
 */
import type { Words } from './request.ts'
import { searchFailure } from './search-failure.ts'

/** A phrase, a bracket, a minus before a word, or a word. */
const TOKEN = /"([^"]*)"?|([()])|-(?=[^\s()-])|([^\s()"]+)/g
const MAX_LENGTH = 10_000
const MAX_TOKENS = 200
const MAX_DEPTH = 20

type Token = { readonly kind: 'phrase' | 'operator'; readonly text: string }

/**
 * Brackets that have no partner are left out, like any punctuation in a text.
 * @throws Failure `invalid`/`search-words` when it asks for nothing, or for too much
 */
export function parseWords(name: string, text: string): Words {
  const refuse = () => searchFailure('search-words', name)
  if (text.length > MAX_LENGTH) throw refuse()
  const tokens = tokensOf(text)
  if (tokens.length > MAX_TOKENS) throw refuse()
  let at = 0
  const isNext = (text: string) => tokens[at]?.kind === 'operator' && tokens[at]!.text === text

  function any(depth: number): Words {
    const of = [all(depth)]
    while (isNext('or')) {
      at++
      of.push(all(depth))
    }
    return of.length === 1 ? of[0]! : { by: 'any', of }
  }

  function all(depth: number): Words {
    const of = [one(depth)]
    for (;;) {
      if (isNext('and')) at++
      else if (at >= tokens.length || isNext('or') || isNext(')')) break
      of.push(one(depth))
    }
    return of.length === 1 ? of[0]! : { by: 'all', of }
  }

  function one(depth: number): Words {
    if (depth > MAX_DEPTH) throw refuse()
    const token = tokens[at++]
    if (token?.kind === 'phrase') return { by: 'phrase', text: token.text }
    if (token?.text === 'not') return { by: 'not', of: one(depth + 1) }
    if (token?.text !== '(') throw refuse()
    const inner = any(depth + 1)
    if (isNext(')')) at++
    return inner
  }

  const found = any(0)
  while (isNext(')')) at++
  if (at < tokens.length) throw refuse()
  return found
}

function tokensOf(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map(([whole, phrase, bracket, word]): Token => {
    if (phrase !== undefined) return { kind: 'phrase', text: phrase }
    if (bracket !== undefined) return { kind: 'operator', text: bracket }
    if (word === undefined) return { kind: 'operator', text: 'not' }
    return /^(?:and|or|not)$/i.test(word)
      ? { kind: 'operator', text: whole.toLowerCase() }
      : { kind: 'phrase', text: word }
  })
}
