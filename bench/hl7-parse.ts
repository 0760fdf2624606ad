/** How many ORU messages of 5 kB a second are parsed and ten of their fields read; and how fast the door reads its keys. */
import { parseMessage, readIntake } from '../src/hl7/index.ts'

const PATHS = [
  'MSH-9.1',
  'MSH-10',
  'PID-3.1',
  'PID-3[2].4.2',
  'PID-5.1',
  'PID-7',
  'PV1-19',
  'OBR-4.1',
  'OBX[3]-5',
  'OBX[40]-3.1',
]

function sample(letter: string): Buffer {
  const head = [
    'MSH|^~\\&|LAB^1.2.250.1.999^ISO|HOSP|EHR|HOSP|20260102030405+0100||ORU^R01^ORU_R01|C0000001|P|2.5|||AL|NE||8859/1',
    `PID|1||4711^^^HOSP&1.2.3.4&ISO^PI~1900101^^^INS&1.2.250.1.213.1.4.8&ISO^INS||${letter}PREUVE^ALBERTINE||19800102|F`,
    'PV1|1|I|MED^12^A^HOSP||||||||||||||||V77^^^HOSP',
    'ORC|RE|P1^EHR|F1^LAB',
    'OBR|1|P1^EHR|F1^LAB|57021-8^NFS^LN|||20260102020000',
  ]
  const rows = Array.from(
    { length: 54 },
    (_, i) =>
      `OBX|${i + 1}|NM|${700 + i}-1^Analyte ${i}^LN^L${i}^Local ${letter}^99L||${i}.50|g/L|1-90|N|||F|||20260102024500+0100`,
  )
  return Buffer.from([...head, ...rows, ''].join('\r'), 'latin1')
}

function perSecond(run: () => void): number {
  for (let i = 0; i < 2000; i++) run()
  const rounds = 20_000
  const start = process.hrtime.bigint()
  for (let i = 0; i < rounds; i++) run()
  return Math.round(rounds / (Number(process.hrtime.bigint() - start) / 1e9))
}

export async function run(): Promise<unknown> {
  return (
    [
      ['ascii', 'e'],
      ['8859/1', 'é'],
    ] as const
  ).map(([text, letter]) => {
    const raw = sample(letter)
    return {
      text,
      bytes: raw.length,
      parsedWithTenFieldsReadPerSecond: perSecond(() => {
        const message = parseMessage(raw)
        for (const path of PATHS) message.get(path)
      }),
      intakesReadPerSecond: perSecond(() => void readIntake(raw)),
    }
  })
}
