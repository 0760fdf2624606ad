/** Official concept maps as our vocabulary tables: v2 code → FHIR code, system, display. */
import { codeCorrections } from './code-corrections.ts'
import type { OfficialCode } from './official.ts'
import type { CodeTableRow } from './rows.ts'
import type { Outcome, Translated } from './translate.ts'

export function translateCodes(
  map: string,
  official: readonly OfficialCode[],
): Translated<OfficialCode, CodeTableRow>[] {
  const seen = new Set<string>()
  return official
    .filter(({ code, target }) => code !== '' || target !== '')
    .map((row) => {
      const outcome = translateCode(map, row, seen)
      if ('rule' in outcome) seen.add(row.code)
      return { official: row, outcome }
    })
}

function translateCode(map: string, row: OfficialCode, seen: ReadonlySet<string>): Outcome<CodeTableRow> {
  const { code, target, system, display } = row
  if (code === '') return { did: 'left-out', because: 'a FHIR code without a v2 code' }
  if (seen.has(code)) return { did: 'left-out', because: 'the code is mapped already' }
  const correction = codeCorrections.find(
    (each) => each.map === map && (each.code === undefined || each.code === code),
  )
  if (correction?.leaveOut !== undefined) return { did: 'left-out', because: correction.leaveOut }
  const made = {
    code,
    target,
    system: system.replace(/\/$/, ''),
    display,
    table: tableOf(row.table),
    ...correction?.use,
  }
  if (made.target === '') return { did: 'left-out', because: 'no FHIR code is given' }
  if (/\s{2}|\n|^Create JIRA/.test(made.target))
    return { did: 'left-out', because: 'prose instead of a code' }
  return correction
    ? { did: 'corrected', rule: { ...made, origin: 'corrected' }, because: correction.because ?? '' }
    : { did: 'carried', rule: { ...made, origin: 'carried' } }
}

/** `HL70069` → `0069`. */
function tableOf(name: string): string {
  return /^HL7(\d{4})$/i.exec(name)?.[1] ?? ''
}
