import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { loadDefinitions, makeElementTree } from '../../fhir/index.ts'
import type { Failure } from '../../kernel/failure.ts'
import { loadHl7Programs, mapForChannel } from '../hl7-transform.ts'
import type { Hl7Channel } from './channel.ts'
import { loadChannels } from './load.ts'

const HEAD = 'channel: gam\ntenant: demo\nsource: mllp\nlisten: { port: 0 }\n'

/** The channel of a file, in a configuration with the presets that come with the program and those given. */
async function load(
  settings: string,
  presets: Readonly<Record<string, string>> = {},
): Promise<{ channel: Hl7Channel; folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-preset-'))
  await cp('config/presets', join(folder, 'presets'), { recursive: true })
  await cp('config/mapping', join(folder, 'mapping'), { recursive: true })
  for (const [name, text] of Object.entries(presets)) {
    await mkdir(join(folder, 'presets', name))
    await writeFile(join(folder, 'presets', name, 'channel.yaml'), text)
  }
  await mkdir(join(folder, 'channels', 'own', 'segments'), { recursive: true })
  await writeFile(
    join(folder, 'channels', 'own', 'segments', 'PID.Patient.tsv'),
    'row\tfrom\twhen\tto\ttype\tvocabulary\tvalue\torigin\nFR-PID-32\nFR-PID-32b\nFR-PID-32c\n',
  )
  await writeFile(join(folder, 'channels', 'gam.yaml'), HEAD + settings)
  const remove = () => rm(folder, { recursive: true })
  try {
    const [channel] = await loadChannels(join(folder, 'channels'), {})
    return { channel: channel as Hl7Channel, folder, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

test('the settings of a preset are the channel’s, and its own go over them key by key', async () => {
  await using plain = await load('preset: france\n')
  expect(plain.channel).toMatchObject({
    preset: 'france',
    text: { defaultCharset: 'iso-8859-1' },
    mapping: { switches: { 'decimal-comma': 'number' } },
  })
  await using own = await load(
    'preset: france\nmapping: { switches: { decimal-comma: text } }\nidentifierSystems: { CHU: "urn:oid:1.2.3" }\n',
  )
  expect(own.channel.mapping.switches).toMatchObject({
    'decimal-comma': 'text',
    'social-security-number': 'other',
  })
  expect(own.channel.identifierSystems).toMatchObject({
    CHU: 'urn:oid:1.2.3',
    'ASIP-SANTE-PS': 'urn:oid:1.2.250.1.71.4.2.1',
  })
})

test('a preset that is not there is named with its line, and those that are', async () => {
  const failure = (await load('preset: monaco\n').catch((error: unknown) => error)) as Failure
  expect(failure.issues[0]!.diagnostics).toMatch(/^gam\.yaml:5 preset: there is no such preset; .*france/)
})

test('a preset whose settings can’t be read stops the start', async () => {
  await expect(load('', { broken: '[not: {settings' })).rejects.toMatchObject({ code: 'preset-file' })
  await expect(load('', { list: '- 1' })).rejects.toMatchObject({ code: 'preset-file' })
})

test('the rows of a channel go over those of its preset, and those over everybody’s', async () => {
  const raw = Buffer.from(
    'MSH|^~\\&|GAM|CHP|X|X|20260310081500||ADT^A28^ADT_A05|1|P|2.5^FRA^2.11\rEVN||20260310081500\r' +
      `PID|||1^^^CHP^PI||LEF\xc8VRE^ANNE^^^^^L||19800102|F${'|'.repeat(24)}VALI\rPV1||N\r`,
    'latin1',
  )
  const patientOf = async ({ channel, folder }: { channel: Hl7Channel; folder: string }) => {
    const tree = makeElementTree(loadDefinitions())
    const { programs } = await loadHl7Programs({ folder: join(folder, 'mapping'), tree, channels: [channel] })
    const mapped = mapForChannel({ raw, receivedAt: 0 }, channel, programs.get('gam')!)
    if ('reason' in mapped) throw new Error(mapped.reason)
    return mapped.resources.find(({ type }) => type === 'Patient')!.resource
  }
  await using plain = await load('preset: france\n')
  const patient = await patientOf(plain)
  expect(patient).toMatchObject({ name: [{ family: 'LEFÈVRE' }] })
  expect(JSON.stringify(patient)).toContain('fr-core-identity-reliability')
  await using own = await load('preset: france\nmapping: { overrides: own }\n')
  expect(JSON.stringify(await patientOf(own))).not.toContain('fr-core-identity-reliability')
})
