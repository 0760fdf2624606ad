/** The words of a `_filter` expression. https://hl7.org/fhir/R4/search_filter.html */
import { searchFailure } from './search-failure.ts'

export interface FilterToken {
  readonly kind: 'word' | 'text' | '(' | ')' | '[' | ']'
  /** Of a text: without quotes and escapes. */
  readonly text: string
}

/** A text is a JSON string; a word goes up to a space or a bracket. */
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([()[\]])|([^\s()[\]"]+))/y

/** @throws Failure `invalid`/`search-filter` */
export function filterTokens(text: string): readonly FilterToken[] {
  const tokens: FilterToken[] = []
  const end = text.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text)
    if (!match) throw searchFailure('search-filter', '_filter')
    const [, quoted, bracket, word] = match
    if (quoted !== undefined) tokens.push({ kind: 'text', text: unquote(quoted) })
    else if (bracket !== undefined) tokens.push({ kind: bracket as FilterToken['kind'], text: bracket })
    else tokens.push({ kind: 'word', text: word! })
  }
  return tokens
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    throw searchFailure('search-filter', '_filter')
  }
}
