/**
 * ISO 2022 code extension, as HL7 v2 uses it: raw escape sequences in a message whose MSH-18 repeats (HL7 v2.5 chapter 2, §2.15.9.18
 * and MSH-20), and the escapes \Cxxyy\ and \Mxxyyzz\ in a value (§2.7.2). ECMA-35 gives the sequences. Bytes below 0x80
 * belong to the set in G0, the others to the set in G1.
 */

/** How the bytes of one designated set become text. `undefined`: not text of that set. */
type Graphic = (bytes: Buffer) => string | undefined

interface Designations {
  readonly g0: Graphic
  readonly g1: Graphic | undefined
}

const ESC = 0x1b

/** The registered sets by the bytes that follow ESC, as hexadecimal digits. */
const SETS: Readonly<Record<string, { readonly slot: 'g0' | 'g1'; readonly graphic: Graphic }>> = {
  '2842': { slot: 'g0', graphic: (bytes) => strict('utf-8', bytes) },
  // JIS X 0201 Latin: ASCII, but for the yen sign and the overline, which HL7 needs as escape and repetition characters.
  '284a': { slot: 'g0', graphic: (bytes) => strict('utf-8', bytes) },
  '2849': { slot: 'g0', graphic: (bytes) => strict('shift_jis', shifted(bytes)) },
  '2949': { slot: 'g1', graphic: (bytes) => strict('shift_jis', bytes) },
  '2440': { slot: 'g0', graphic: (bytes) => strict('euc-jp', shifted(bytes)) },
  '2442': { slot: 'g0', graphic: (bytes) => strict('euc-jp', shifted(bytes)) },
  '242844': { slot: 'g0', graphic: (bytes) => strict('euc-jp', supplementary(bytes)) },
  '242943': { slot: 'g1', graphic: (bytes) => strict('euc-kr', bytes) },
  '242941': { slot: 'g1', graphic: (bytes) => strict('gb18030', bytes) },
  '2d41': { slot: 'g1', graphic: (bytes) => strict('iso-8859-1', bytes) },
  '2d42': { slot: 'g1', graphic: (bytes) => strict('iso-8859-2', bytes) },
  '2d43': { slot: 'g1', graphic: (bytes) => strict('iso-8859-3', bytes) },
  '2d44': { slot: 'g1', graphic: (bytes) => strict('iso-8859-4', bytes) },
  '2d4c': { slot: 'g1', graphic: (bytes) => strict('iso-8859-5', bytes) },
  '2d47': { slot: 'g1', graphic: (bytes) => strict('iso-8859-6', bytes) },
  '2d46': { slot: 'g1', graphic: (bytes) => strict('iso-8859-7', bytes) },
  '2d48': { slot: 'g1', graphic: (bytes) => strict('iso-8859-8', bytes) },
  '2d4d': { slot: 'g1', graphic: (bytes) => strict('iso-8859-9', bytes) },
  '2d62': { slot: 'g1', graphic: (bytes) => strict('iso-8859-15', bytes) },
}

const INITIAL: Designations = { g0: SETS['2842']!.graphic, g1: undefined }

/** True when the bytes after an ESC, written in hexadecimal, designate a set that is known here. */
export function isDesignation(hex: string): boolean {
  return Object.hasOwn(SETS, hex.toLowerCase())
}

/**
 * Decodes bytes with escape sequences. `base` names the set that bytes from 0x80 belong to at the beginning of each line.
 * Undefined when a sequence is not known or bytes are not of the designated set.
 */
export function decodeIso2022(bytes: Buffer, base?: string): string | undefined {
  const initial = base === undefined ? INITIAL : { ...INITIAL, g1: (upper: Buffer) => strict(base, upper) }
  let designations: Designations = initial
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at]!
    if (byte === ESC) {
      const hex = designationAt(bytes, at + 1)
      if (hex === undefined) return undefined
      const { slot, graphic } = SETS[hex]!
      designations = { ...designations, [slot]: graphic }
      at += 1 + hex.length / 2
      continue
    }
    const end = endOfRun(bytes, at)
    const run = decodeRun(bytes.subarray(at, end), designations)
    if (run === undefined) return undefined
    text += run
    at = end
    // Every line begins in the initial state, so that one segment cannot garble the next.
    if (byte === 0x0d || byte === 0x0a) designations = initial
  }
  return text
}

function designationAt(bytes: Buffer, at: number): string | undefined {
  for (const length of [3, 2]) {
    const hex = bytes.toString('hex', at, at + length)
    if (hex.length === length * 2 && isDesignation(hex)) return hex
  }
  return undefined
}

const CONTROL = 0
const LOW = 1
const HIGH = 2

function plane(byte: number): number {
  if (byte >= 0x80) return HIGH
  return byte <= 0x20 || byte === 0x7f ? CONTROL : LOW
}

function endOfRun(bytes: Buffer, from: number): number {
  const kind = plane(bytes[from]!)
  let at = from + 1
  // Line ends stand alone, so that decodeIso2022 sees each of them.
  if (kind === CONTROL) return at
  while (at < bytes.length && plane(bytes[at]!) === kind) at++
  return at
}

function decodeRun(run: Buffer, { g0, g1 }: Designations): string | undefined {
  switch (plane(run[0]!)) {
    case CONTROL:
      return run.toString('latin1')
    case LOW:
      return g0(run)
    default:
      return g1?.(run)
  }
}

function strict(label: string, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The same characters in the right half of the code table, where the EUC and Shift JIS decoders expect them. */
function shifted(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte | 0x80))
}

/** JIS X 0212 in EUC-JP: each pair preceded by the single shift 0x8F. */
function supplementary(bytes: Buffer): Buffer {
  const pairs: number[] = []
  for (let at = 0; at < bytes.length; at += 2) {
    pairs.push(0x8f, bytes[at]! | 0x80, ...(at + 1 < bytes.length ? [bytes[at + 1]! | 0x80] : []))
  }
  return Buffer.from(pairs)
}
