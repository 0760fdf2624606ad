/**
 * The delimiters of a message: MSH-1 is the field separator, MSH-2 the encoding characters in the order component,
 * repetition, escape, subcomponent, truncation (v2.7+). HL7 v2.5 chapter 2, §2.5.4. What a sender leaves out is
 * `undefined`: that character is then ordinary text.
 */

export interface Delimiters {
  readonly field: string
  readonly component: string | undefined
  readonly repetition: string | undefined
  readonly escape: string | undefined
  readonly subcomponent: string | undefined
  readonly truncation: string | undefined
}

export const standardDelimiters: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: undefined,
}

/** Why a header gives no delimiters. */
export type DelimiterFault = 'no-header' | 'field-separator' | 'encoding-characters'

/** What ends segments and frames can separate nothing else: NUL, LF, VT, CR, FS. */
const RESERVED = '\0\n\x0b\r\x1c'

/** Any other ASCII character than a letter or a digit. */
function canSeparate(character: string): boolean {
  return character < '\x80' && !/[A-Za-z0-9]/.test(character) && !RESERVED.includes(character)
}

/**
 * Reads the delimiters of the MSH, FHS or BHS segment that begins at `at`.
 * An empty MSH-2 means the recommended characters; a letter or digit in it means that MSH-2 is missing
 * and every later field sits in the wrong place, which must not be read on.
 */
export function readDelimiters(text: string, at = 0): Delimiters | DelimiterFault {
  const field = text[at + 3]
  if (!/^(?:MSH|FHS|BHS)$/.test(text.slice(at, at + 3))) return 'no-header'
  if (field === undefined || !canSeparate(field)) return 'field-separator'
  const characters = encodingCharacters(text, at + 4, field)
  if (/[A-Za-z0-9]/.test(characters)) return 'encoding-characters'
  if (characters.trim() === '') {
    const { component, repetition, escape, subcomponent } = standardDelimiters
    return pick(field, [component, repetition, escape, subcomponent])
  }
  return pick(field, characters.slice(0, 5).split(''))
}

function encodingCharacters(text: string, from: number, field: string): string {
  let end = from
  // MSH-2 has at most five characters; a few more are looked at so that a shifted header is noticed.
  while (
    end < text.length &&
    end < from + 12 &&
    text[end] !== field &&
    text[end] !== '\r' &&
    text[end] !== '\n'
  )
    end++
  return text.slice(from, end)
}

/** A character that is unusable or used twice counts as left out; so does a blank, which only fills MSH-2 up. */
function pick(field: string, characters: readonly (string | undefined)[]): Delimiters {
  const usable = characters.map((character, index) =>
    character !== undefined &&
    canSeparate(character) &&
    character !== ' ' &&
    character !== field &&
    characters.indexOf(character) === index
      ? character
      : undefined,
  )
  const [component, repetition, escape, subcomponent, truncation] = usable
  return { field, component, repetition, escape, subcomponent, truncation }
}
