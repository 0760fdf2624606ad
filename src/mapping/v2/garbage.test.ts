/** Whatever stands in the fields, what comes out is valid R4, refers to nothing that is not there, and comes out again the same. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GroupPlace, SegmentPlace } from './program.ts'
import { dangling, map, message, problems, program } from './testing/compiled.ts'

const part = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  fc.constantFrom(
    '""',
    '1',
    '12.50',
    '7,5',
    '<',
    '-',
    ':',
    'F',
    'M',
    'Y',
    'L',
    'A',
    'P',
    'PI',
    'VN',
    'NM',
    'SN',
    'ED',
    'Base64',
    'ISO',
    'UUID',
  ),
  fc.constantFrom(
    '20260310',
    '2026031007',
    '202603100745',
    '20260310074500+0100',
    '99999999',
    '0000',
    '1.2.250.1',
    'urn:x y',
    'HL70001',
    'LN',
  ),
  fc.constantFrom('DURAND', 'É à', '  ', ' x ', 'a\\T\\b', '\\.br\\', '\\X0D\\', '😀', 'a/b', 'mg/L', 'DW'),
)
const component = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('&'))
const repetition = fc
  .array(fc.oneof({ weight: 5, arbitrary: part }, component), { minLength: 1, maxLength: 12 })
  .map((all) => all.join('^'))
const field = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 3, arbitrary: repetition },
  fc.array(repetition, { minLength: 2, maxLength: 3 }).map((all) => all.join('~')),
)
const segment = (name: string) =>
  fc.array(field, { maxLength: 52 }).map((fields) => [name, ...fields].join('|'))
const body = (...names: string[]) => fc.tuple(...names.map(segment))
const header = (type: string) => `MSH|^~\\&|A|B|||20260310081530||${type}|1|P|2.5`

/** The segments of a structure in order, each once. */
function segmentsIn(place: GroupPlace | SegmentPlace): string[] {
  return place.kind === 'segment' ? [place.name] : place.children.flatMap(segmentsIn)
}

const EVENT_OF = new Map([...program.events].map(([event, structure]) => [structure, event]))
const MESSAGES = fc.oneof(
  ...[...program.structures.values()]
    .filter(({ name }) => EVENT_OF.has(name))
    .map(({ name, root }) => {
      const names = segmentsIn(root).filter((each) => each !== 'MSH')
      return fc
        .array(fc.nat(names.length - 1), { maxLength: 16 })
        .chain((picked) => body(...[...new Set(picked)].toSorted((x, y) => x - y).map((at) => names[at]!)))
        .chain((segments) => segment('PID').map((pid) => [header(EVENT_OF.get(name)!), pid, ...segments]))
    }),
)

test('any fields give valid resources without dangling references', () => {
  fc.assert(
    fc.property(MESSAGES, (segments) => {
      const mapped = map(message(...segments))
      expect(problems(mapped)).toEqual([])
      expect(dangling(mapped)).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('any fields give the same resources twice', () => {
  fc.assert(
    fc.property(MESSAGES, (segments) => {
      expect(map(message(...segments))).toEqual(map(message(...segments)))
    }),
    { numRuns: 50 },
  )
})
