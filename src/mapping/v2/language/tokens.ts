/** The words of the mapping languages. */
import type { Comparison } from './condition.ts'

/** A text that its language does not allow. The compiler adds the file and the row. */
export class LanguageError extends Error {}

export interface Tokens {
  /** Takes the next token when it is this one. */
  take(token: string): boolean
  /** @throws LanguageError when the next token is another one */
  expect(token: string): void
  word(): string
  text(): string
  number(): number
  comparison(): Comparison
  /** The next token is a text in quotes. */
  readonly quoted: boolean
  /** @throws LanguageError when something is left */
  end(): void
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(!=|<=|>=|[=<>(),+])|([^\s"=<>!(),+]+))/y
const COMPARISONS: readonly string[] = ['=', '!=', '<', '<=', '>', '>=']

export function makeTokens(text: string): Tokens {
  const tokens = split(text)
  let at = 0

  function next(what: string): string {
    const token = tokens[at]
    if (token === undefined) throw new LanguageError(`${what} expected at the end of "${text}"`)
    at += 1
    return token
  }

  return {
    take(token) {
      if (tokens[at] !== token) return false
      at += 1
      return true
    },
    expect(token) {
      const found = next(`"${token}"`)
      if (found !== token) throw new LanguageError(`"${token}" expected instead of "${found}" in "${text}"`)
    },
    word() {
      const word = next('a word')
      if (!/^[\w$]/.test(word)) throw new LanguageError(`a word expected instead of "${word}" in "${text}"`)
      return word
    },
    text() {
      const token = next('a text in quotes')
      if (!token.startsWith('"')) {
        throw new LanguageError(`a text in quotes expected instead of "${token}" in "${text}"`)
      }
      return JSON.parse(token) as string
    },
    number() {
      const token = next('a number')
      if (!/^\d+$/.test(token))
        throw new LanguageError(`a number expected instead of "${token}" in "${text}"`)
      return Number(token)
    },
    comparison() {
      const token = next('a comparison')
      if (!COMPARISONS.includes(token)) {
        throw new LanguageError(`a comparison expected instead of "${token}" in "${text}"`)
      }
      return token as Comparison
    },
    get quoted() {
      return tokens[at]?.startsWith('"') ?? false
    },
    end() {
      if (at < tokens.length) throw new LanguageError(`"${tokens[at]}" not expected in "${text}"`)
    },
  }
}

function split(text: string): string[] {
  const tokens: string[] = []
  let at = 0
  while (at < text.trimEnd().length) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    if (!found) throw new LanguageError(`"${text.slice(at).trim()}" can't be read in "${text}"`)
    tokens.push(found[1] ?? found[2] ?? found[3]!)
    at = TOKEN.lastIndex
  }
  return tokens
}
