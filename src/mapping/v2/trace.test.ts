/** The trace of a mapping: every element has its reason. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseMessage } from '../../hl7/index.ts'
import { isObject, type Json } from '../../kernel/json.ts'
import { compileMapping, explainMapped, mapMessage, readMappingFiles, structureOf } from './index.ts'
import { CONTEXT, map, MAPPING_FOLDER, message, only, program, sample, tree } from './testing/compiled.ts'

/** `Patient.name[0].family` of every primitive; what the engine gives every resource is left out. */
function leaves(json: Json, path: string): string[] {
  if (Array.isArray(json)) return json.flatMap((item, at) => leaves(item, `${path}[${at}]`))
  if (!isObject(json)) return json === null ? [] : [path]
  return Object.entries(json).flatMap(([name, value]) => leaves(value, `${path}.${name.replace(/^_/, '')}`))
}

const isGiven = (element: string) =>
  /\.(?:resourceType|id)$|^\w+\.meta\.source$|^Provenance\.|\.valueCode$/.test(element)

const folder = new URL('../../../test/messages/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.hl7'))

test.each(names)('every element of %s is explained', (name) => {
  const parsed = parseMessage(readFileSync(new URL(name, folder)))
  if (structureOf(program, parsed) === undefined) return
  const { resources } = mapMessage(program, parsed, { ...CONTEXT, trace: true })
  const explained = explainMapped(program, resources)
  for (const { type, id, resource } of resources) {
    const known = explained.filter((each) => each.resource === `${type}/${id}`)
    const elements = known.map(({ element }) => element)
    const unexplained = leaves(resource, type).filter(
      (leaf) =>
        !isGiven(leaf) &&
        !elements.some((each) => leaf === each || leaf.startsWith(`${each}.`) || leaf.startsWith(`${each}[`)),
    )
    expect(unexplained).toEqual([])
  }
})

describe('an element', () => {
  const MSH = 'MSH|^~\\&|A|B|||20260310||ADT^A08|1|P|2.5'
  const trace = (pid: string) => only(map(message(MSH, pid), { trace: true }), 'Patient').trace

  test('names the rows from the segment to the data type, and the component that they read', () => {
    expect(trace('PID|||1^^^C||DURAND^ZOÉ~LEROY')).toEqual(
      expect.arrayContaining([
        {
          element: 'Patient.name[1].family',
          field: 'PID-5[2].1.1',
          rows: ['PID[Patient] PID-5', 'XPN[HumanName] XPN.1', 'FN[HumanName] FN.1'],
        },
        {
          element: 'Patient.name[0].given[0]',
          field: 'PID-5[1].2',
          rows: ['PID[Patient] PID-5', 'XPN[HumanName] XPN.2'],
        },
      ]),
    )
  })

  test('of a primitive’s extension stands behind its name', () => {
    expect(trace('PID|||1^^^C||D||19840314101500').map(({ element }) => element)).toContain(
      'Patient.birthDate.extension[0].valueDateTime',
    )
  })

  test('that a default filled in says so', () => {
    const visit = map(message(MSH, 'PID|||1^^^C||D', `PV1||${'|'.repeat(17)}V1^^^C^VN`), { trace: true })
    expect(only(visit, 'Encounter').trace).toContainEqual({
      element: 'Encounter.class',
      field: '',
      rows: ['defaults Encounter.class'],
    })
  })

  test('is not traced unless it is asked for', () => {
    expect(map(sample('oru-r01')).resources.flatMap(({ trace: entries }) => entries)).toEqual([])
  })
})

test('a row that the channel replaced is its own', async () => {
  const overrides = [
    new Map([
      [
        'segments/PID.Patient.tsv',
        'row\tfrom\twhen\tto\ttype\tvocabulary\tvalue\torigin\nPID-7\tPID-7\tPID-7 valued\tbirthDate\t\t\t\town\n',
      ],
    ]),
  ]
  const own = compileMapping(await readMappingFiles(MAPPING_FOLDER), tree, { overrides })
  const { resources } = mapMessage(own, sample('oru-r01'), { ...CONTEXT, trace: true })
  expect(explainMapped(own, resources).find(({ element }) => element === 'Patient.birthDate')).toMatchObject({
    value: '1984-03-14',
    field: 'PID-7',
    rows: [{ file: 'segments/PID.Patient.tsv', row: 'PID-7', own: true }],
  })
})
