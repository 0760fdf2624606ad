/** One short message of each structure: valid resources, no dangling reference, the kinds of resources that it is for. */
import { expect, test } from 'vitest'
import { dangling, map, message, problems } from './testing/compiled.ts'

const header = (type: string) => `MSH|^~\\&|DPI|CLINIQUE|||20260309101500||${type}|M1|P|2.5`
const EVN = 'EVN||20260309101500'
const PID = 'PID|||1^^^C^PI||DURAND^ÉLODIE||19840314|F'
const PV1 = `PV1||I|CHIR^204^1^CLI|||MED^101${'|'.repeat(13)}V1^^^C${'|'.repeat(25)}20260309`
const DOCTOR = '10001234567^MARTIN^PAUL'

const MESSAGES: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  'ADT^A02': [
    [EVN, PID, PV1],
    ['Patient', 'Encounter', 'Location'],
  ],
  'ADT^A03': [
    [EVN, PID, PV1],
    ['Patient', 'Encounter', 'Location'],
  ],
  'ADT^A05': [
    [EVN, PID, PV1],
    ['Patient', 'Encounter', 'Location'],
  ],
  'ADT^A06': [
    [EVN, PID, 'MRG|||ACC1^^^C', PV1],
    ['Patient', 'Encounter', 'Account'],
  ],
  'ADT^A09': [
    [EVN, PID, PV1],
    ['Patient', 'Encounter', 'Location'],
  ],
  'ADT^A11': [
    [EVN, PID, PV1],
    ['Patient', 'Encounter', 'Location'],
  ],
  'ADT^A31': [[EVN, PID, 'PV1||N'], ['Patient']],
  'MDM^T02': [
    [
      EVN,
      PID,
      PV1,
      `TXA|1|CR^Compte rendu^L|TX|||20260309101500|||${DOCTOR}|||DOC1^DPI|||||AU||AV`,
      'OBX|1|TX|CR^CR^L||Bonjour||||||F',
    ],
    ['Patient', 'Encounter', 'DocumentReference', 'Practitioner'],
  ],
  'OML^O21': [
    [
      PID,
      PV1,
      `ORC|NW|P1^A||||||||||${DOCTOR}`,
      'TQ1|1||||||20260310|||S',
      'OBR|1|P1^A||NFS^NFS^L',
      'DG1|1||R50^Fièvre^I10',
      'OBX|1|ST|J^Jeûne^L||oui||||||F',
      'SPM|1|T1&A^T2&B||BLD^Sang^HL70487|||||||||||||20260310',
    ],
    ['Patient', 'Encounter', 'ServiceRequest', 'Practitioner', 'Condition', 'Observation', 'Specimen'],
  ],
  'SIU^S12': [
    [
      `SCH|P1^A|F1^B|||||CHECKUP^^HL70276||30|min|^^^20260401080000^20260401083000|${DOCTOR}|||||||||||||Booked^^HL70278`,
      PID,
      'RGS|1',
      'AIS|1||CONS^Consultation^L|20260401080000',
      'AIL|1||SALLE1^^^CLI',
      `AIP|1||${DOCTOR}`,
    ],
    ['Patient', 'Appointment', 'Practitioner', 'Location'],
  ],
  'VXU^V04': [
    [
      PID,
      'ORC|RE||IMM1^A',
      `RXA|0|1|20260309||GRIPPE^Grippe^L|0.5|mL^^UCUM|||${DOCTOR}|||||LOT1|20270101|FAB^Fabricant^L`,
      'RXR|IM^IM^HL70162|LA^^HL70163',
    ],
    ['Patient', 'Immunization', 'Practitioner', 'Organization'],
  ],
}

test.each(Object.entries(MESSAGES))('%s', (type, [segments, types]) => {
  const mapped = map(message(header(type), ...segments))
  expect(problems(mapped)).toEqual([])
  expect(dangling(mapped)).toEqual([])
  expect(mapped.resources.map((each) => each.type)).toEqual(expect.arrayContaining([...types]))
})
