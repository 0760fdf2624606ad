/**
 * When a rule applies. A small language in place of the guide's prose:
 *
 *   OBX-2 = "NM" and OBX-5 numeric
 *   PV1-45 absent or not (MSH-9.2 in ("A03", "A13"))
 *   OBX-2 = "DTM" and OBX-5 dated        OBX-2 = "TM" and OBX-5 timed      it is a date, a time of day
 *   OBX-5 count > 1        PID-7 length > 8        switch nk1 = "related-person"
 *   PID-32 has "VALI"      PID-11.7 has ("BDL", "BR")      one of the repetitions says so
 *
 * `valued`: there is text; `absent`: there is none (nor an explicit null); a bare segment name asks for the segment.
 */
import { parseV2Path, type V2Path } from './v2-path.ts'
import { LanguageError, makeTokens, type Tokens } from './tokens.ts'

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='

export type Condition =
  | { readonly is: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly is: 'not'; readonly of: Condition }
  | { readonly is: 'valued' | 'absent' | 'numeric' | 'dated' | 'timed'; readonly path: V2Path }
  | { readonly is: 'in' | 'has'; readonly path: V2Path; readonly values: readonly string[] }
  | {
      readonly is: 'count' | 'length'
      readonly path: V2Path
      readonly comparison: Comparison
      readonly number: number
    }
  | { readonly is: 'switch'; readonly name: string; readonly values: readonly string[] }

/** @throws LanguageError */
export function parseCondition(text: string): Condition {
  const tokens = makeTokens(text)
  const condition = parseOr(tokens)
  tokens.end()
  return condition
}

function parseOr(tokens: Tokens): Condition {
  return parseList(tokens, 'or', parseAnd)
}

function parseAnd(tokens: Tokens): Condition {
  return parseList(tokens, 'and', parseNot)
}

function parseList(tokens: Tokens, word: 'and' | 'or', parseOne: (tokens: Tokens) => Condition): Condition {
  const of = [parseOne(tokens)]
  while (tokens.take(word)) of.push(parseOne(tokens))
  return of.length === 1 ? of[0]! : { is: word, of }
}

function parseNot(tokens: Tokens): Condition {
  if (tokens.take('not')) return { is: 'not', of: parseNot(tokens) }
  if (tokens.take('(')) {
    const inner = parseOr(tokens)
    tokens.expect(')')
    return inner
  }
  if (tokens.take('switch')) {
    const name = tokens.word()
    return { is: 'switch', name, values: parseValues(tokens) }
  }
  return parseTest(tokens)
}

function parseTest(tokens: Tokens): Condition {
  const word = tokens.word()
  const path = parseV2Path(word)
  if (!path) throw new LanguageError(`"${word}" is not a v2 path`)
  for (const is of ['valued', 'absent', 'numeric', 'dated', 'timed'] as const)
    if (tokens.take(is)) return { is, path }
  for (const is of ['count', 'length'] as const) {
    if (tokens.take(is)) return { is, path, comparison: tokens.comparison(), number: tokens.number() }
  }
  if (tokens.take('has')) {
    return { is: 'has', path, values: tokens.quoted ? [tokens.text()] : parseBracketed(tokens) }
  }
  if (tokens.take('!=')) return { is: 'not', of: { is: 'in', path, values: [tokens.text()] } }
  return { is: 'in', path, values: parseValues(tokens) }
}

/** `= "A"` or `in ("A", "B")`. */
function parseValues(tokens: Tokens): string[] {
  if (tokens.take('=')) return [tokens.text()]
  tokens.expect('in')
  return parseBracketed(tokens)
}

function parseBracketed(tokens: Tokens): string[] {
  tokens.expect('(')
  const values = [tokens.text()]
  while (tokens.take(',')) values.push(tokens.text())
  tokens.expect(')')
  return values
}

/** The condition as text that parses to the same condition. */
export function printCondition(condition: Condition): string {
  switch (condition.is) {
    case 'and':
    case 'or':
      return condition.of.map((each) => printInside(each)).join(` ${condition.is} `)
    case 'not':
      return condition.of.is === 'in' && condition.of.values.length === 1
        ? `${printPath(condition.of.path)} != ${JSON.stringify(condition.of.values[0])}`
        : `not ${printInside(condition.of)}`
    case 'in':
      return `${printPath(condition.path)} ${printValues(condition.values)}`
    case 'has':
      return `${printPath(condition.path)} has ${printTexts(condition.values)}`
    case 'count':
    case 'length':
      return `${printPath(condition.path)} ${condition.is} ${condition.comparison} ${condition.number}`
    case 'switch':
      return `switch ${condition.name} ${printValues(condition.values)}`
    default:
      return `${printPath(condition.path)} ${condition.is}`
  }
}

function printInside(condition: Condition): string {
  const text = printCondition(condition)
  return condition.is === 'and' || condition.is === 'or' ? `(${text})` : text
}

function printValues(values: readonly string[]): string {
  return values.length === 1 ? `= ${printTexts(values)}` : `in ${printTexts(values)}`
}

function printTexts(values: readonly string[]): string {
  const quoted = values.map((value) => JSON.stringify(value))
  return quoted.length === 1 ? quoted[0]! : `(${quoted.join(', ')})`
}

function printPath({ name, ofSegment, part, component, subcomponent, firstOnly }: V2Path): string {
  if (part === undefined) return name
  const below = [component, subcomponent].filter((each) => each !== undefined).map((each) => `.${each}`)
  return `${name}${ofSegment ? '-' : '.'}${part}${firstOnly ? '[1]' : ''}${below.join('')}`
}
