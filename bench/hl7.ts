/**
 * How many ORU messages of 5 kB a second are parsed and ten of their fields read (wanted: 25,000), changed and written
 * back; how fast the door reads its keys; how fast frames are cut out of a stream.
 */
import { encodeMessage, frame, makeFrameDecoder, parseMessage, readIntake } from '../src/hl7/index.ts'

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

/** Ten frames in pieces of a TCP segment. */
function framesPerSecond(raw: Buffer): number {
  const stream = Buffer.concat(Array.from({ length: 10 }, () => frame(raw)))
  const pieces = Array.from({ length: Math.ceil(stream.length / 1460) }, (_, index) =>
    stream.subarray(index * 1460, (index + 1) * 1460),
  )
  const decoder = makeFrameDecoder()
  return 10 * perSecond(() => pieces.forEach((piece) => void decoder.push(piece)))
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
      changedAndWrittenPerSecond: perSecond(() => {
        const message = parseMessage(raw)
        message.set('MSH-10', 'C2')
        message.set('OBX[3]-5', '7.1')
        encodeMessage(message)
      }),
      intakesReadPerSecond: perSecond(() => void readIntake(raw)),
      framesCutPerSecond: framesPerSecond(raw),
    }
  })
}
