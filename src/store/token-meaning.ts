/**
 * What a token stands for, as token_value spells it: the code without case first, so that a code is found whatever its
 * system, then the system, then the code as it was written first, where that has capitals.
 */
import { foldCode } from '../fhir/index.ts'
import { cut } from './cut.ts'

const SEPARATOR = '\u0001'

export function spellMeaning(system: string | undefined, code: string): string {
  const folded = foldCode(code)
  const parts = [folded, system ?? '', ...(folded === code ? [] : [code])]
  return cut(parts.join(SEPARATOR))
}

/** Without what differs between those who write the code in capitals and those who don't: they share one meaning. */
export function foldMeaning(value: string): string {
  return value.split(SEPARATOR, 2).join(SEPARATOR)
}

/** Where the values of a code begin, whatever its system; and the first text behind them. */
export function codeSpan(code: string): { from: string; to: string } {
  const folded = foldCode(code)
  return { from: cut(`${folded}${SEPARATOR}`), to: cut(`${folded}\u0002`) }
}

/** Where the values are that share this meaning, however their codes are written; and the first text behind them. */
export function meaningSpan(folded: string): { from: string; to: string } {
  return { from: folded, to: `${folded}\u0002` }
}

export function readMeaning(value: string): { system: string | undefined; code: string } {
  const [folded = '', system = '', code = folded] = value.split(SEPARATOR)
  return { system: system === '' ? undefined : system, code }
}
