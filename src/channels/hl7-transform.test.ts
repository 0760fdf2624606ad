import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { type ElementTree, loadDefinitions, makeElementTree } from '../fhir/index.ts'
import { exactJsonOf, parseExactObject } from '../kernel/json.ts'
import type { Program } from '../mapping/index.ts'
import type { Hl7Channel } from './config/channel.ts'
import { loadHl7Programs, makeHl7Transform } from './hl7-transform.ts'
import { labChannel, oru } from './testing.ts'

let tree: ElementTree
let program: Program
beforeAll(async () => {
  tree = makeElementTree(loadDefinitions())
  program = (await loadHl7Programs({ folder: 'config/mapping', tree, channels: [] })).program
})

const input = (raw: Buffer) => ({ raw, receivedAt: Date.UTC(2026, 0, 2) })
const changesOf = (raw: Buffer, channel: Hl7Channel = labChannel()) => {
  const transformed = makeHl7Transform(program)(input(raw), channel)
  if (transformed.did === 'filtered') throw new Error(transformed.reason)
  return transformed.changes
}
const ofType = (type: string, message: string) =>
  Buffer.from(oru('C1').toString().replace('ORU^R01^ORU_R01', type).concat(message))

describe('the transform of a channel', () => {
  test('the same message makes the same changes', () => {
    const made = () => changesOf(oru('C1')).map((change) => ({ ...change, make: change.make(undefined) }))
    expect(made()).toEqual(made())
  })

  test('ids belong to the tenant, sources to the channel', () => {
    const here = changesOf(oru('C1'))
    const there = changesOf(oru('C1'), { ...labChannel(), tenant: 'other' })
    expect(here.map(({ id }) => id)).not.toEqual(expect.arrayContaining([there[0]!.id]))
    for (const { make } of here) {
      expect(make(undefined)).toMatchObject({ value: { meta: { source: 'urn:passerelle:lab#C1' } } })
    }
  })

  test('a value keeps its digits, and so does what is stored already', () => {
    const changes = changesOf(oru('C1'))
    const observation = changes.find(({ type }) => type === 'Observation')!
    const made = observation.make(undefined)
    if (typeof made === 'string') throw new Error(made)
    expect(JSON.stringify(made.exact)).toContain('5.10')

    const patient = changes.find(({ type }) => type === 'Patient')!
    const stored = parseExactObject(
      `{"resourceType":"Patient","extension":[{"url":"urn:x","valueDecimal":1.50}],"maritalStatus":{"text":"x"}}`,
    )
    const merged = patient.make(stored)
    if (typeof merged === 'string') throw new Error(merged)
    expect(JSON.stringify(merged.exact)).toContain('1.50')
    expect(merged.value).toEqual(exactJsonOf(merged.exact).value)
    expect(merged.value).toMatchObject({ maritalStatus: { text: 'x' }, identifier: [{ value: '1' }] })
  })

  test('a type that the channel ignores makes nothing', () => {
    const settings = 'mapping: { ignore: [ADT^A31, SIU] }\n'
    const transform = makeHl7Transform(program)
    const did = (type: string) => transform(input(ofType(type, '')), labChannel(settings)).did
    expect([did('ADT^A31'), did('SIU^S12'), did('ORU^R01')]).toEqual(['filtered', 'filtered', 'mapped'])
  })

  test('a type without a table is kept, or held where the channel says so', () => {
    const transform = makeHl7Transform(program)
    const unknown = input(ofType('ZZZ^Z99', ''))
    expect(transform(unknown, labChannel())).toEqual({ did: 'filtered', reason: 'message-not-mapped' })
    expect(() => transform(unknown, labChannel('mapping: { unmapped: hold }\n'))).toThrow(
      'message-not-mapped',
    )
  })

  test('a name with letters of the channel’s character set is read as it was meant', () => {
    const latin = Buffer.from(oru('C1').toString().replace('1^^^LAB', '1^^^LAB||LEFÈVRE^ZOÉ'), 'latin1')
    const channel = labChannel('text: { charset: 8859/1 }\n')
    const patient = changesOf(latin, channel).find(({ type }) => type === 'Patient')!
    expect(patient.make(undefined)).toMatchObject({
      value: { name: [{ family: 'LEFÈVRE', given: ['ZOÉ'] }] },
    })
    expect(() => changesOf(latin)).toThrow('hl7-charset')
  })

  test('a switch that does not exist is refused with its channel', async () => {
    const channels = [labChannel('mapping: { switches: { service-request-from-oru: maybe } }\n')]
    await expect(loadHl7Programs({ folder: 'config/mapping', tree, channels })).rejects.toMatchObject({
      code: 'channel-switch',
      params: { channel: 'lab', switch: 'service-request-from-oru', value: 'maybe' },
    })
  })

  test('a channel’s own rows replace those of the same id, for it alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'overrides-'))
    try {
      const table = 'segments/PID.Patient.tsv'
      const [head, ...rows] = (await readFile(join('config/mapping', table), 'utf8')).split('\n')
      const sex = rows.find((row) => row.startsWith('PID-8\t'))!
      await mkdir(join(folder, 'segments'))
      await writeFile(join(folder, table), `${head}\n${sex.replace('PID-8\tPID-8\t', 'PID-8\tPID-31\t')}\n`)
      const own = labChannel(`mapping: { overrides: ${folder} }\n`)
      const loaded = await loadHl7Programs({ folder: 'config/mapping', tree, channels: [own] })
      const transform = makeHl7Transform(loaded.program, loaded.programs)
      const genderIn = (channel: Hl7Channel) => {
        const raw = Buffer.from(oru('C1').toString().replace('1^^^LAB', '1^^^LAB|||||F'))
        const transformed = transform(input(raw), channel)
        const patient =
          transformed.did === 'mapped' && transformed.changes.find(({ type }) => type === 'Patient')
        const made = patient && patient.make(undefined)
        return typeof made === 'object' && made.value['gender']
      }
      expect(genderIn({ ...own, channel: 'another' })).toBe('female')
      expect(genderIn(own)).toBeUndefined()
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
