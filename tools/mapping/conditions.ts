/**
 * Official condition texts as our conditions. Their authors write `IF PV1-3.2 OR PV1-3.3 VALUED`, `IF NOT VALUED`,
 * `IS NOT "PP"`, `LST.count GREATER THAN 1`, `HD-3 = "ISO"`: one meaning, many habits. This reads the habits;
 * what it can't read is an entry of the corrections.
 */
import { printCondition, parseCondition } from '../../src/mapping/v2/language/condition.ts'

/**
 * @param source of the row: the subject where a text names none, and what says whose components `CX.4` counts
 * @param ofSegment the row belongs to a segment or message table, where numbers count fields
 */
export function translateCondition(text: string, source: string, ofSegment: boolean): string {
  if (text === '') return ''
  const words = mendTypos(text)
    .replaceAll(/[“”]/g, '"')
    .replaceAll(/'([^']*)'/g, '"$1"')
    .split(/("[^"]*")/)
    .map((part) => (part.startsWith('"') ? part : plain(part, source, ofSegment)))
    .join('')
  return printCondition(parseCondition(fillIn(words, source)))
}

/** Slips that break the sentence: a bracket never closed, a word too many, `PL3.NOT`. */
function mendTypos(text: string): string {
  const mended = text
    .replaceAll('PL3.NOT', 'PL.3 NOT')
    .replaceAll(' AREA ', ' ARE ')
    .replaceAll(' NOT "', ' IS NOT "')
  const open = mended.split('(').length - mended.split(')').length
  return mended.replaceAll('IS IS', 'IS') + ')'.repeat(Math.max(0, open))
}

function plain(part: string, source: string, fieldSource: boolean): string {
  return part
    .replaceAll(/\bif\b/gi, ' ')
    .replaceAll(/\b([A-Z][A-Z0-9]{1,2})\.(\d+)\b/g, (whole, name: string, number: string) =>
      fieldSource && !source.startsWith(name) ? `${source}.${number}` : whole,
    )
    .replaceAll(/\b([A-Z][A-Z0-9]{1,3})([-.])(\d+)/g, (whole, name: string, _sign, number: string) =>
      whole.startsWith(source.split(/[-.]/)[0]!) ? `${name}${fieldSource ? '-' : '.'}${number}` : whole,
    )
    .replaceAll(/\bLST\.COUNT\b/gi, 'count')
    .replaceAll(/\bcount\b/gi, 'count')
    .replaceAll(/\blength\b/gi, 'length')
    .replaceAll(/less than or equals( to)?/gi, '<=')
    .replaceAll(/greater than/gi, '>')
    .replaceAll(
      /\bdoes not exist\b|\bare not valued\b|\bis not valued\b|\bnot valued\b|\bis empty\b/gi,
      'absent',
    )
    .replaceAll(/\bis valued\b|\bvalued?\b/gi, 'valued')
    .replaceAll(/\bis not in\b|\bnot in\b/gi, 'not-in')
    .replaceAll(/\bis in\b|\bin\b/gi, 'in')
    .replaceAll(/\bis not\b|\bnot equals?( to)?\b|\band not\b(?=\s*$)/gi, (found) =>
      /^and/i.test(found) ? 'and !=' : '!=',
    )
    .replaceAll(/\bequals?( to)?\b|\bis\b/gi, '=')
    .replaceAll(/\band\b/gi, 'and')
    .replaceAll(/\bor\b/gi, 'or')
}

const PATH = String.raw`[A-Z][A-Z0-9]{1,4}(?:[-.]\d+(?:\.\d+)*)?`

/** Gives each test its subject and each subject its test, and turns `not-in` round. */
function fillIn(words: string, source: string): string {
  let text = words.trim()
  // `!= "x"` or `absent` without a subject: the row's own source.
  text = text.replace(/^(?=(?:!=|=|absent|valued|not-in))/, `${source} `)
  text = text.replaceAll(
    /\b(and|or)\s+(?=(?:!=|=|absent|valued|not-in))/g,
    `$1 ${subjectBefore(text, source)} `,
  )
  // `A and B absent`: a subject without a test takes the next one.
  const elided = new RegExp(
    String.raw`(${PATH})\s+(and|or)\s+((?:${PATH}\s+(?:and|or)\s+)*)(${PATH})\s+(absent|valued)`,
  )
  for (let found = elided.exec(text); found; found = elided.exec(text)) {
    text = text.replace(found[0], `${found[1]} ${found[5]} ${found[2]} ${found[3]}${found[4]} ${found[5]}`)
  }
  return text.replaceAll(new RegExp(String.raw`(${PATH})\s+not-in\s+(\([^)]*\))`, 'g'), 'not ($1 in $2)')
}

function subjectBefore(text: string, source: string): string {
  return new RegExp(PATH).exec(text)?.[0] ?? source
}
