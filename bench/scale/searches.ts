/**
 * The searches that are measured: one of each shape, with values that are common, rare, and unknown. What is rare fills a
 * page at 100,000 resources already, so that the sizes are compared on answers of the same length.
 */
import type { Facts } from './facts.ts'

/** Of a client's count, which is never the same twice, the path behind the FHIR base. */
export type Search = (count: number) => string

const LOINC = 'http://loinc.org'
const MRN = 'http://hospital.smarthealthit.org'
/** One in 29 resources is a body height, one in 90 a glucose, one in 3,500 of the third. */
const FREQUENT = `${LOINC}|8302-2`
const MIDDLING = `${LOINC}|2339-0`
const RARE = `${LOINC}|69453-9`
/** One in 16 patients. */
const PREFIX = 'Mart'
const OR_VALUES = 200

export function makeSearches({ patients }: Facts): Readonly<Record<string, Search>> {
  const patient = (count: number) => patients[(count * 7919) % patients.length]!
  const subject = (count: number) => `patient=${patient(count).id}`
  return {
    identifier: (n) => `Patient?identifier=${MRN}|${patient(n).identifier}`,
    'family prefix': () => `Patient?family=${PREFIX}`,
    'family prefix, selective': (n) => `Patient?family=${encodeURIComponent(patient(n).family.slice(0, 6))}`,
    'patient + code + date, by date': (n) =>
      `Observation?${subject(n)}&code=${FREQUENT}&date=ge2012-01-01&_sort=-date`,
    'patient, by date': (n) => `Observation?${subject(n)}&_sort=-date`,
    'rare code': () => `Observation?code=${RARE}`,
    'frequent code': () => `Observation?code=${FREQUENT}`,
    'frequent code, by date': () => `Observation?code=${FREQUENT}&_sort=-date`,
    'frequent code + date': (n) =>
      `Observation?code=${FREQUENT}&date=ge${2010 + (n % 8)}&date=lt${2011 + (n % 8)}`,
    'unknown code': (n) => `Observation?code=${LOINC}|none-${n}`,
    'unknown patient': (n) => `Observation?patient=none-${n}`,
    'chain patient.identifier': (n) => `Observation?patient.identifier=${MRN}|${patient(n).identifier}`,
    'chain patient.family + code': (n) =>
      `Observation?patient.family=${encodeURIComponent(patient(n).family)}&code=${MIDDLING}`,
    '_has, rare code': () => `Patient?_has:Observation:patient:code=${RARE}`,
    '_has, frequent code': (n) =>
      `Patient?_has:Observation:patient:code=${FREQUENT}&family=${encodeURIComponent(patient(n).family)}`,
    '_include + _revinclude': (n) =>
      `Encounter?${subject(n)}&_include=Encounter:service-provider&_revinclude=DiagnosticReport:encounter`,
    'quantity range': (n) =>
      `Observation?code=${MIDDLING}&value-quantity=ge${70 + (n % 20)}|http://unitsofmeasure.org|mg/dL&value-quantity=lt${75 + (n % 20)}`,
    'quantity range, unselective': () => `Observation?value-quantity=gt100|http://unitsofmeasure.org|cm`,
    'OR list of 200': (n) =>
      `Observation?patient=${Array.from({ length: OR_VALUES }, (_, i) => patient(n + i).id).join(',')}`,
    'all by birthdate': () => 'Patient?_sort=birthdate',
    'total of patient + code': (n) => `Observation?${subject(n)}&code=${FREQUENT}&_total=accurate`,
    'total of a middling code': () => `Observation?code=${MIDDLING}&_total=accurate`,
    'total of a frequent code': () => `Observation?code=${FREQUENT}&_total=accurate`,
  }
}

/** What the goal of the mix (1,500/s, p99 50 ms) names; the others are measured alone. */
export const MIXED: readonly string[] = [
  'identifier',
  'family prefix',
  'patient + code + date, by date',
  'rare code',
  'frequent code',
  'unknown code',
  'chain patient.identifier',
  '_has, rare code',
  '_include + _revinclude',
  'quantity range',
  'OR list of 200',
  'all by birthdate',
]
