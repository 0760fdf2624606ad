/** Templates of segments for made-up feeds. The people in them are invented. */
import type { Random } from './random.ts'

export interface Scene {
  readonly random: Random
  /** Number of the message: its orders and documents are named after it. */
  readonly number: number
  readonly event: string
  /** Which patient of the feed, and another one for merges. */
  readonly patient: number
  readonly other: number
  /** `20260115104500`, rising through the feed. */
  readonly time: string
  /** How often a segment of this name stood before. */
  readonly turn: number
}

const FAMILIES = ['MARTIN', 'DURAND', 'LEROY', 'O\\T\\NEIL', 'MÜLLER', 'GARCÍA', 'NOWAK', 'ÅBERG'] as const
const GIVEN = ['Camille', 'Élodie', 'Jean-Paul', 'Zoé', 'Ali', 'Ingrid', 'Noah', 'Mei'] as const
const TESTS = [
  ['718-7', 'Hemoglobin', 'g/dL', '12.0-16.0'],
  ['2345-7', 'Glucose', 'mg/dL', '70-110'],
  ['2823-3', 'Potassium', 'mmol/L', '3.5-5.1'],
  ['GLUL', 'Glucose local', 'mmol/L', '3,9-5,6'],
] as const
const DRUGS = [
  ['1049502', 'Oxycodone 10 MG', 'RXNORM'],
  ['313782', 'Acetaminophen 325 MG', 'RXNORM'],
  ['N02BE01', 'Paracétamol', 'ATC'],
] as const

const HOSPITAL = 'HOSP&1.2.250.1.999.2&ISO'
const doctor = ({ random }: Scene): string => {
  const n = random.below(12)
  return `1000${n}^${FAMILIES[n % 8]}^${GIVEN[(n + 3) % 8]}^^^Dr^^^RPPS&1.2.250.1.71.4.2.1&ISO`
}
const bed = ({ random }: Scene): string =>
  `${random.pick(['CARDIO', 'CHIR', 'ICU'])}^${random.below(20) + 1}^${random.below(2) + 1}^HOSP`
const identifier = (patient: number): string => `P${patient}^^^${HOSPITAL}^PI`
const visit = ({ patient }: Scene): string => `V${patient}^^^${HOSPITAL}^VN`
const order = ({ number, turn }: Scene): string => `${number}-${turn}`
const day = ({ time }: Scene): string => time.slice(0, 8)
const drug = ({ random }: Scene): string => random.pick(DRUGS).join('^')

/** Fields from 1, those between left empty. */
function segment(name: string, fields: Readonly<Record<number, string | number>>): string {
  const last = Math.max(0, ...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_, at) => fields[at + 1] ?? '')].join('|')
}

export const SEGMENTS: Readonly<Record<string, (scene: Scene) => string>> = {
  EVN: (s) => segment('EVN', { 1: s.event.split('^')[1] ?? '', 2: s.time, 6: s.time }),
  PID: (s) => {
    const patient = s.turn === 0 ? s.patient : s.other
    return segment('PID', {
      1: s.turn + 1,
      3: identifier(patient),
      5: `${FAMILIES[patient % 8]}^${GIVEN[patient % 7]}^^^^^L`,
      7: `${1930 + (patient % 90)}0${(patient % 9) + 1}1${patient % 9}`,
      8: patient % 2 === 0 ? 'F' : 'M',
      11: `${(patient % 90) + 1} rue de la Paix^^Rennes^^35000^FRA^H`,
      13: `^PRN^PH^^33^2^99${String(patient).padStart(6, '0')}`,
      18: `A${patient}^^^${HOSPITAL}^AN`,
    })
  },
  PD1: (s) => segment('PD1', { 3: 'Cabinet du Port^L^55', 4: doctor(s) }),
  NK1: (s) =>
    segment('NK1', {
      1: s.turn + 1,
      2: `${FAMILIES[s.patient % 8]}^Paul`,
      3: 'SPO^Spouse^HL70063',
      5: '^PRN^PH^^33^2^99000001',
    }),
  PV1: (s) =>
    segment('PV1', {
      1: 1,
      2: s.random.pick(['I', 'O', 'E']),
      3: bed(s),
      7: doctor(s),
      10: 'CAR',
      19: visit(s),
      44: `${day(s)}0800`,
    }),
  PV2: (s) => segment('PV2', { 3: '^Chest pain', 8: day(s) }),
  MRG: (s) =>
    segment('MRG', {
      1: identifier(s.other),
      3: `A${s.other}^^^${HOSPITAL}^AN`,
      5: `V${s.other}^^^${HOSPITAL}^VN`,
    }),
  AL1: (s) =>
    segment('AL1', {
      1: s.turn + 1,
      2: 'DA^Drug allergy^HL70127',
      3: '70618^Penicillin^RXNORM',
      4: 'MO',
      5: 'Rash',
    }),
  IAM: (s) =>
    segment('IAM', {
      1: s.turn + 1,
      2: 'FA',
      3: 'PNUT^Peanut^L',
      4: 'SV',
      6: 'A^Add^HL70323',
      7: `IAM${s.patient}^HOSP`,
    }),
  DG1: (s) =>
    segment('DG1', {
      1: s.turn + 1,
      3: s.random.pick(['R07.9^Chest pain^I10', 'I10^Hypertension^I10']),
      5: s.time,
      6: 'W',
    }),
  PR1: (s) => segment('PR1', { 1: s.turn + 1, 3: '93010^ECG^C4', 5: s.time, 11: doctor(s) }),
  IN1: (s) =>
    segment('IN1', {
      1: s.turn + 1,
      2: 'RO^Obligatoire',
      3: 'CPAM35',
      4: 'CPAM Rennes',
      12: '20250101',
      16: 'MARTIN^Paul',
      17: 'SPO',
      36: `POL${s.patient}`,
    }),
  GT1: (s) =>
    segment('GT1', { 1: s.turn + 1, 2: `G${s.patient}^^^HOSP`, 3: 'MARTIN^Paul', 5: '1 rue du Lac^^Rennes' }),
  ACC: (s) => segment('ACC', { 1: s.time, 2: 'MV' }),
  ORC: (s) =>
    segment('ORC', {
      1: s.random.pick(['NW', 'RE', 'SC']),
      2: `O${order(s)}^EHR`,
      3: `F${order(s)}^LAB`,
      5: s.random.pick(['IP', 'CM', '']),
      9: s.time,
      12: doctor(s),
    }),
  OBR: (s) => {
    const [code, name] = s.random.pick(TESTS)
    return segment('OBR', {
      1: s.turn + 1,
      2: `O${order(s)}^EHR`,
      3: `F${order(s)}^LAB`,
      4: `${code}^${name}^LN`,
      7: s.time,
      16: doctor(s),
      22: s.time,
      25: 'F',
    })
  },
  OBX: (s) => {
    const [code, name, unit, range] = s.random.pick(TESTS)
    const start = {
      1: s.turn + 1,
      3: `${code}^${name}^LN`,
      4: String(s.turn + 1),
      11: s.random.pick(['F', 'F', 'C', 'P']),
      14: s.time,
    }
    switch (s.random.below(5)) {
      case 0:
        return segment('OBX', { ...start, 2: 'ST', 5: 'See note \\T\\ comment' })
      case 1:
        return segment('OBX', { ...start, 2: 'CWE', 5: 'POS^Positive^L' })
      case 2:
        return segment('OBX', { ...start, 2: 'SN', 5: '<^5', 6: unit })
      default:
        return segment('OBX', {
          ...start,
          2: 'NM',
          5: `${s.random.below(900) / 10}0`,
          6: unit,
          7: range,
          8: 'N',
        })
    }
  },
  NTE: (s) => segment('NTE', { 1: s.turn + 1, 2: 'L', 3: 'Reviewed.\\.br\\No action.' }),
  SPM: (s) =>
    segment('SPM', {
      1: s.turn + 1,
      2: `S${order(s)}&EHR^T${order(s)}&LAB`,
      4: 'BLD^Blood^HL70487',
      17: s.time,
    }),
  SAC: (s) => segment('SAC', { 3: `C${order(s)}^LAB` }),
  TQ1: (s) => segment('TQ1', { 1: 1, 2: '1', 3: 'BID', 6: '5^d', 7: s.time, 9: 'R' }),
  RXO: (s) => segment('RXO', { 1: drug(s), 2: '10', 4: 'mg', 5: 'TAB' }),
  RXE: (s) =>
    segment('RXE', { 2: drug(s), 3: '10', 5: 'mg', 6: 'TAB', 10: '20', 11: 'TAB', 15: `RX${order(s)}` }),
  RXD: (s) => segment('RXD', { 1: 1, 2: drug(s), 3: s.time, 4: '20', 5: 'TAB', 7: `RX${order(s)}` }),
  RXA: (s) =>
    s.event.startsWith('VXU')
      ? segment('RXA', {
          1: 0,
          2: 1,
          3: day(s),
          5: '140^Influenza^CVX',
          6: '0.5',
          7: 'mL',
          15: `LOT${s.number}`,
          20: 'CP',
        })
      : segment('RXA', { 1: 0, 2: s.turn + 1, 3: s.time, 4: s.time, 5: drug(s), 6: '10', 7: 'mg', 20: 'CP' }),
  RXR: () => segment('RXR', { 1: 'PO^Oral^HL70162' }),
  RXC: (s) => segment('RXC', { 1: s.turn === 0 ? 'B' : 'A', 2: drug(s), 3: '10', 4: 'mg' }),
  FT1: (s) =>
    segment('FT1', {
      1: s.turn + 1,
      2: `TX${order(s)}`,
      4: s.time,
      6: 'CG',
      7: '99213^Office visit^C4',
      10: 1,
      11: '120.00&EUR',
      20: doctor(s),
    }),
  TXA: (s) =>
    segment('TXA', {
      1: 1,
      2: 'DS^Discharge summary^HL70270',
      3: 'TX',
      6: s.time,
      9: doctor(s),
      12: `D${s.number}^DOCS`,
      17: 'AU',
      19: 'AV',
    }),
  SCH: (s) =>
    segment('SCH', {
      1: `AP${s.patient}^EHR`,
      2: `AF${s.patient}^SCHED`,
      7: 'FU^Follow-up',
      9: 30,
      10: 'min',
      11: `^^30^${s.time}^${s.time}`,
      16: doctor(s),
      25: 'Booked',
    }),
  RGS: (s) => segment('RGS', { 1: s.turn + 1 }),
  AIS: (s) => segment('AIS', { 1: s.turn + 1, 3: '99213^Office visit^C4', 4: s.time }),
  AIG: (s) => segment('AIG', { 1: s.turn + 1, 3: 'EQ1^Echograph' }),
  AIL: (s) => segment('AIL', { 1: s.turn + 1, 3: bed(s) }),
  AIP: (s) => segment('AIP', { 1: s.turn + 1, 3: doctor(s) }),
  MSA: (s) => segment('MSA', { 1: 'AA', 2: `F${s.number - 1}` }),
  RF1: (s) => segment('RF1', { 1: 'A', 2: 'R', 6: `R${s.patient}^GP`, 7: day(s) }),
  PRD: (s) => segment('PRD', { 1: s.turn === 0 ? 'RP' : 'RT', 2: 'MOREAU^Luc^^^Dr', 7: `77${s.turn}^RPPS` }),
  PRB: (s) => segment('PRB', { 1: 'AD', 2: s.time, 3: '38341003^Hypertension^SCT', 4: `PB${s.patient}^EHR` }),
  GOL: (s) =>
    segment('GOL', {
      1: 'AD',
      2: s.time,
      3: '135840009^Blood pressure monitoring^SCT',
      4: `GO${s.patient}^EHR`,
    }),
  PTH: (s) => segment('PTH', { 1: 'AD', 2: 'HT^Hypertension pathway^L', 3: `PT${s.patient}^EHR`, 4: s.time }),
  MFI: (s) => segment('MFI', { 1: s.event.endsWith('M02') ? 'PRA' : 'LOC', 3: 'UPD', 6: 'AL' }),
  MFE: (s) => segment('MFE', { 1: 'MAD', 2: s.number, 3: s.time, 4: `M${s.random.below(20)}`, 5: 'CE' }),
  STF: (s) => segment('STF', { 1: `M${s.random.below(20)}`, 3: 'QUINN^Michaela^^^Dr', 5: 'F', 7: 'A' }),
  LOC: (s) => segment('LOC', { 1: bed(s), 2: 'Room', 3: 'R' }),
  OM1: () => segment('OM1', { 1: 1, 2: '718-7^Hemoglobin^LN', 3: 'NM', 7: '718-7^Hemoglobin^LN' }),
}
