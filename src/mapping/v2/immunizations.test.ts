/** What VXU tells of a vaccination: source, amount, place, who took part, and the facts in its OBX. */
import { describe, expect, test } from 'vitest'
import { faults, map, message, ofType, only, reference } from './testing/compiled.ts'

const MSH = 'MSH|^~\\&|VAX|CABINET|||20260309101500||VXU^V04^VXU_V04|V1|P|2.5.1'
const PID = 'PID|1||IPP9^^^C^PI||DURAND^ZOÉ||20240314|F'
const ORC = 'ORC|RE||IMM1^A|||||||I2^BURON^DENISE||I3^MARTIN^PAUL'
const RXA = (code = '08^Hépatite B^CVX', amount = '0.5', source = '00^^NIP001') =>
  `RXA|0|1|20260309||${code}|${amount}|mL^^UCUM||${source}|I4^PETIT^ANNE|^^^CENTRE SUD||||LOT1|20270101|MSD^Merck^MVX|||CP`
const OBX = (number: number, code: string, group: number, type: string, value: string) =>
  `OBX|${number}|${type}|${code}^^LN|${group}|${value}||||||F|||20260309`
const immunization = (...segments: string[]) => {
  const sent = message(MSH, PID, ORC, ...segments)
  expect(faults(sent)).toEqual([])
  return only(map(sent), 'Immunization').resource
}

test('who gave it, who ordered it, who entered it, where', () => {
  expect(immunization(RXA())).toMatchObject({
    doseQuantity: { value: 0.5, code: 'mL' },
    primarySource: true,
    lotNumber: 'LOT1',
    location: { reference: expect.stringMatching(/^Location\//) },
    performer: [
      { function: { coding: [{ code: 'OP' }] } },
      { function: { coding: [{ code: 'EP' }] } },
      { function: { coding: [{ code: 'AP' }] } },
    ],
  })
})

test('a vaccination of long ago says where it is known from, and an amount of 999 is no amount', () => {
  const told = immunization(RXA(undefined, '999', '01^Historique^NIP001'))
  expect(told).toMatchObject({ primarySource: false, reportOrigin: { coding: [{ code: '01' }] } })
  expect(told).not.toHaveProperty('doseQuantity')
})

test('no vaccine given is not done', () => {
  expect(immunization(RXA('998^Aucun vaccin^CVX')).status).toBe('not-done')
})

describe('the facts in OBX', () => {
  const facts = immunization(
    RXA(),
    OBX(1, '64994-7', 1, 'CE', 'V05^Éligible^HL70064'),
    OBX(2, '30956-7', 2, 'CE', '45^Hépatite B^CVX'),
    OBX(3, '29768-9', 2, 'TS', '20120202'),
    OBX(4, '29769-7', 2, 'TS', '20260309'),
    OBX(5, '30963-3', 3, 'CE', 'VXC50^Public^L'),
    OBX(6, '30973-2', 4, 'NM', '2'),
    OBX(7, '59782-3', 4, 'NM', '3'),
    OBX(8, '29769-7', 5, 'TS', '20260309'),
  )

  test('eligibility and funding', () => {
    expect(facts).toMatchObject({
      programEligibility: [{ coding: [{ code: 'V05' }] }],
      fundingSource: { coding: [{ code: 'VXC50' }] },
    })
  })

  test('what was handed out is put together by OBX-4, and what names no document is left out', () => {
    expect(facts['education']).toEqual([
      { documentType: 'Hépatite B', publicationDate: '2012-02-02', presentationDate: '2026-03-09' },
    ])
  })

  test('which dose of how many', () => {
    expect(facts['protocolApplied']).toEqual([{ doseNumberPositiveInt: 2, seriesDosesPositiveInt: 3 }])
  })

  test('a reaction is the observation that tells of it', () => {
    const sent = message(MSH, PID, ORC, RXA(), OBX(1, '31044-1', 1, 'CE', '39579001^Anaphylaxie^SCT'))
    expect(faults(sent)).toEqual([])
    const mapped = map(sent)
    expect(only(mapped, 'Immunization').resource['reaction']).toEqual([
      { date: '2026-03-09', detail: reference(only(mapped, 'Observation')) },
    ])
  })
})

test('guarantor and insurance come as in an admission', () => {
  const sent = message(
    MSH,
    PID,
    'GT1|1|G1^^^C|DURAND^PAUL||||||||FTH',
    'IN1|1|P1^Régime|MUT1^^^C|ASSUR',
    ORC,
    RXA(),
  )
  expect(faults(sent)).toEqual([])
  const mapped = map(sent)
  expect(ofType(mapped, 'RelatedPerson')).toHaveLength(1)
  expect(only(mapped, 'Account').resource).toMatchObject({
    coverage: [{ coverage: reference(only(mapped, 'Coverage')) }],
  })
})
