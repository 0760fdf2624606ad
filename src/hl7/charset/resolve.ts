/** Which character set a message is in: channel's override → byte order mark or UTF-16 form → MSH-18 → channel's default. */
import { Failure } from '../../kernel/failure.ts'
import { charsetOfNames, type Charset } from './names.ts'

export interface CharsetChoice {
  /** What the channel insists on, whatever the message says. */
  readonly override?: Charset | undefined
  /** For a message that says nothing. Default `utf-8`, which is strict: bytes of another set are refused, not misread. */
  readonly fallback?: Charset | undefined
}

/** The letters that begin MSH, FHS and BHS. */
const FIRST_LETTERS: readonly (number | undefined)[] = [0x4d, 0x46, 0x42]

/** UTF-16 shows in the first two bytes: a mark, or the first letter of a header beside a zero. */
export function sniffUtf16(bytes: Buffer): 'utf-16be' | 'utf-16le' | undefined {
  const [first, second] = bytes
  if ((first === 0xfe && second === 0xff) || (first === 0 && FIRST_LETTERS.includes(second)))
    return 'utf-16be'
  if ((first === 0xff && second === 0xfe) || (FIRST_LETTERS.includes(first) && second === 0))
    return 'utf-16le'
  return undefined
}

/**
 * The set that these names (the repetitions of MSH-18) and the channel decide for.
 * @throws Failure `invalid`/`hl7-charset-unknown`: guessing could change letters
 */
export function resolveCharset(
  names: readonly string[],
  { override, fallback = 'utf-8' }: CharsetChoice,
): Charset {
  if (override !== undefined) return override
  const named = charsetOfNames(names)
  if (named === 'absent') return fallback
  if (named === 'unknown')
    throw new Failure('invalid', 'hl7-charset-unknown', { name: printable(names.join('~')) })
  return named
}

function printable(name: string): string {
  return name.replace(/[^A-Za-z0-9 /~_.-]/g, '?').slice(0, 40)
}
