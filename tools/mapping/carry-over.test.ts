import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadDefinitions, makeElementTree } from '../../src/fhir/index.ts'
import { carryOver } from './carry-over.ts'
import { translateCondition } from './conditions.ts'
import { parseCsv, readOfficialTables } from './official.ts'
import { translateTarget } from './targets.ts'

const OFFICIAL = fileURLToPath(new URL('../../../shared/v2-to-fhir', import.meta.url))

test.each([
  ['IF PV1-3.2 OR PV1-3.3 VALUED', 'PV1-40', 'PV1-3.2 valued or PV1-3.3 valued'],
  ['IF NOT VALUED', 'RXA-20', 'RXA-20 absent'],
  ['IF EVN-4 NOT "U"', 'EVN-4', 'EVN-4 != "U"'],
  ['IF IAM-15 VALUED AND NOT "SEL"', 'IAM-15', 'IAM-15 valued and IAM-15 != "SEL"'],
  ['IF (OBX-2 EQUALS "SN"  AND OBX-5.1  EQUALS "<>"', 'OBX-5', 'OBX-2 = "SN" and OBX-5.1 = "<>"'],
  ['IF OBX-5 LST.count GREATER THAN 1 AND OBX-2 IS NOT "NA"', 'OBX', 'OBX-5 count > 1 and OBX-2 != "NA"'],
  ['IF PID-7 LENGTH GREATER THAN 8', 'PID-7', 'PID-7 length > 8'],
])('the condition %s of %s', (official, source, ours) => {
  expect(translateCondition(official, source, true)).toBe(ours)
})

test('a condition inside a data type counts components', () => {
  expect(translateCondition('IF HD.1 NOT VALUED AND IF HD-3 = "ISO"', 'HD.2', false)).toBe(
    'HD.1 absent and HD.3 = "ISO"',
  )
})

test.each([
  [
    'performer[1](PractitionerRole.practitioner(Practitioner))',
    'performer[1]>PractitionerRole.practitioner>Practitioner',
  ],
  ['occurenceTiming.repeat.boundsDuration.value', 'occurrenceTiming.repeat.boundsDuration.value'],
  ['note(Annotation.text)', 'note.text'],
  ['practitioner(Practioner.identifier[1].system)', 'practitioner>Practitioner.identifier[1].system'],
])('the target %s', (official, ours) => {
  expect(translateTarget(official).to).toBe(ours)
})

test('CSV fields may hold quotes, commas and line breaks', () => {
  expect(parseCsv('a,"b ""c"", d\ne",\nf,,')).toEqual([
    ['a', 'b "c", d\ne', ''],
    ['f', '', ''],
  ])
})

test('a folder without the tables is named', () => {
  expect(() => readOfficialTables('/nowhere')).toThrow("/nowhere does not hold HL7's v2-to-FHIR tables")
})

test.skipIf(!existsSync(OFFICIAL))('every official row with a target has an answer', () => {
  const { fates } = carryOver(readOfficialTables(OFFICIAL), makeElementTree(loadDefinitions()))
  expect(fates.filter(({ outcome }) => outcome.did === 'problem')).toEqual([])
  expect(fates.filter(({ kind }) => kind !== 'vocabulary')).toHaveLength(402 + 1055 + 617)
})
