/**
 * What a message says of an order that is not here yet, kept until the order comes: answers name the order by its number
 * alone and may come over another channel, or be handled first. HL7 v2.5 chapter 4, §4.4.2.
 */
import { parseExactObject } from '../kernel/json.ts'
import type { MappedResource } from '../mapping/index.ts'

/** As it is stored: jsonb would keep the digits of decimals, who reads it would not. */
export type AwaitedWord = {
  readonly at: number
  readonly type: string
  readonly id: string
  /** JSON text. */
  readonly content: string
  readonly cleared: readonly string[]
  readonly fallbacks: readonly string[]
}

/** An order that never comes gathers no more than that, the newest. */
const MAX_WORDS = 20

/** Oldest first; what is said again is kept once. */
export function withWord(words: readonly AwaitedWord[], mapped: MappedResource): AwaitedWord[] {
  const { at, type, id, cleared, fallbacks } = mapped
  const { meta: _meta, ...exact } = mapped.exact
  const word = { at, type, id, content: JSON.stringify(exact), cleared, fallbacks }
  const others = words.filter((each) => each.at !== at || each.content !== word.content)
  return [...others, word].toSorted((a, b) => a.at - b.at).slice(-MAX_WORDS)
}

export function wordsOf(words: readonly AwaitedWord[] = []): MappedResource[] {
  return words.map(({ content, ...word }) => {
    const { value: resource, exact } = parseExactObject(content)
    return { ...word, resource, exact, mode: 'merge', trace: [] }
  })
}
