import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { Failure } from '../../kernel/failure.ts'
import { loadChannels } from './load.ts'
import { readChannel } from './read.ts'

const variables = {
  PASSERELLE_HOST: '127.0.0.1',
  PASSERELLE_MLLP_PORT: 2575,
  PASSERELLE_DICOM_PORT: 11_112,
  PASSERELLE_BOOTSTRAP_TENANT: 'demo',
}

const lab = `channel: lab
tenant: demo
source: mllp
listen:
  port: 2575
`

function problemsOf(text: string): string[] {
  const read = readChannel('lab.yaml', text, variables)
  if ('channel' in read) throw new Error('was expected to be wrong')
  return read.problems.map(({ line, path, text: what }) => `${line} ${path} ${what}`)
}

function channelOf(text: string) {
  const read = readChannel('lab.yaml', text, variables)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.channel
}

describe('a channel file', () => {
  test('needs little; the rest has defaults', () => {
    expect(channelOf(lab)).toEqual({
      channel: 'lab',
      description: '',
      tenant: 'demo',
      enabled: true,
      format: 'hl7',
      timeZone: 'Europe/Paris',
      identifierSystems: {},
      source: 'mllp',
      listen: {
        host: '127.0.0.1',
        port: 2575,
        maxConnections: 200,
        idleTimeoutSeconds: 900,
        maxFrameMiB: 16,
        maxInFlight: 64,
      },
      text: { defaultCharset: 'utf-8', strict: false },
      acknowledge: 'by-message',
      acknowledgeTimeoutSeconds: 30,
      batch: { mismatch: 'refuse', acknowledge: 'all' },
      severalMessages: 'refuse',
      acknowledgeMode: 'by-message',
      order: 'patient',
      queries: 'refuse',
      reusedControlId: 'process',
      retry: { firstDelaySeconds: 1, maxDelaySeconds: 60, attempts: 10, crashes: 3 },
      mapping: { switches: {}, ignore: [], unmapped: 'keep', maxAttachmentKiB: 256 },
    })
  })

  test('takes variables, with their type where one is the whole value', () => {
    const text = lab
      .replace('port: 2575', 'port: ${PASSERELLE_MLLP_PORT}')
      .concat('description: on ${PASSERELLE_HOST}:${PASSERELLE_MLLP_PORT}\n')
    expect(channelOf(text)).toMatchObject({ listen: { port: 2575 }, description: 'on 127.0.0.1:2575' })
  })

  test('a variable’s value cannot become YAML', () => {
    const read = readChannel('lab.yaml', `${lab}description: \${X}\n`, { X: 'a\nenabled: false' })
    expect(read).toMatchObject({ channel: { enabled: true, description: 'a\nenabled: false' } })
  })

  test('has no other variables, whatever the environment holds', () => {
    expect(problemsOf(`${lab}description: \${PATH} and \${__proto__}\n`)).toEqual([
      '6  there is no variable PATH',
      '6  there is no variable __proto__',
    ])
  })

  test('a setting that does not exist is a problem at its line', () => {
    expect(problemsOf(`${lab}  prot: 1\nacknowlege: never\n`)).toEqual([
      '6 listen.prot there is no such setting',
      '7 acknowlege there is no such setting',
    ])
  })

  test('each wrong value is a problem at its line', () => {
    const text = `${lab}  allow:\n    - 10.0.0.0/8\n    - 10.0.0.0/99\ntimeZone: Paris\norder: whatever\n`
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^8 listen\.allow\.1 an address or a network/),
      expect.stringMatching(/^9 timeZone a time zone/),
      expect.stringMatching(/^10 order /),
    ])
  })

  test('what is missing is a problem where it should be', () => {
    expect(problemsOf('channel: lab\ntenant: demo\nsource: mllp\nlisten:\n  host: localhost\n')).toEqual([
      expect.stringMatching(/^4 listen\.port /),
    ])
    expect(problemsOf('')).toHaveLength(1)
    expect(problemsOf('- a list')).toHaveLength(1)
  })

  test('broken YAML, a key twice and aliases are problems', () => {
    expect(problemsOf(`${lab}text: {`)[0]).toMatch(/^6 /)
    expect(problemsOf(`${lab}tenant: other\n`)).toEqual(['6  duplicate key'])
    expect(problemsOf(`${lab}description: &a x\nidentifierSystems: { A: *a }\n`)).toEqual([
      '7  aliases are not understood here',
    ])
  })

  test('names character sets as HL7 does', () => {
    expect(channelOf(`${lab}text: { charset: 8859/15 }\n`)).toMatchObject({
      text: { charset: 'iso-8859-15' },
    })
    expect(problemsOf(`${lab}text: { charset: klingon }\n`)).toEqual([
      '6 text.charset a character set such as UNICODE UTF-8 or 8859/15',
    ])
  })

  test('a DICOM source has its own settings', () => {
    const imaging = lab.replace('mllp', 'dicom').concat('  aeTitle: PASSERELLE\n')
    expect(channelOf(imaging)).toMatchObject({
      source: 'dicom',
      listen: { aeTitle: 'PASSERELLE', maxPduKiB: 128 },
    })
    expect(problemsOf(`${imaging}order: patient\n`)).toEqual(['7 order there is no such setting'])
    expect(problemsOf(imaging.replace('PASSERELLE', 'MORE THAN SIXTEEN'))[0]).toMatch(
      /^6 listen\.aeTitle an AE title/,
    )
  })
})

describe('a folder of channels', () => {
  async function loadFiles(files: Record<string, string>) {
    const folder = await mkdtemp(join(tmpdir(), 'channels-'))
    try {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
      return { folder, channels: await loadChannels(folder, variables) }
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  async function refusal(files: Record<string, string>): Promise<string[]> {
    const error = await loadFiles(files).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof Failure)) throw new Error('was expected to be refused')
    expect(error.code).toBe('channel-files')
    return error.issues.map(({ diagnostics }) => diagnostics)
  }

  test('is loaded in the order of the file names; other files are left alone', async () => {
    const { channels } = await loadFiles({
      'b.yaml': lab.replace('lab', 'second').replace('2575', '0'),
      'a.yml': lab.replace('lab', 'first').replace('2575', '0'),
      'notes.md': '#',
    })
    expect(channels.map(({ channel }) => channel)).toEqual(['first', 'second'])
  })

  test('one wrong file stops all of them', async () => {
    expect(await refusal({ 'a.yaml': lab, 'b.yaml': `${lab}orders: none\n` })).toEqual([
      'b.yaml:6 orders: there is no such setting',
    ])
  })

  test('two channels cannot have one name or listen at one place', async () => {
    expect(await refusal({ 'a.yaml': lab, 'b.yaml': lab })).toEqual([
      'b.yaml:1 channel: a.yaml has a channel of this name',
      'b.yaml:1 listen.port: a.yaml listens there already',
    ])
  })

  test('certificates are found beside the channel file', async () => {
    const { folder, channels } = await loadFiles({
      'a.yaml': `${lab}  tls: { certificate: tls/lab.pem, key: /etc/lab.key }\n`,
    })
    expect(channels[0]!.listen.tls).toEqual({ certificate: join(folder, 'tls/lab.pem'), key: '/etc/lab.key' })
  })

  test('the list of clients needs an authority, and comes through', async () => {
    const tls = (more: string) =>
      `${lab}  tls: { certificate: a.pem, key: a.key, clients: [DNS:lab]${more} }\n`
    expect(await refusal({ 'a.yaml': tls('') })).toEqual([
      expect.stringContaining('listen.tls.clients: needs clientAuthority'),
    ])
    const { channels } = await loadFiles({ 'a.yaml': tls(', clientAuthority: ca.pem') })
    expect(channels[0]!.listen.tls).toMatchObject({ clients: ['DNS:lab'] })
  })

  test('a folder that is not there is a failure of its own', async () => {
    await expect(loadChannels('/nowhere/channels', variables)).rejects.toMatchObject({
      code: 'channel-folder',
    })
  })

  test('the channels that come with the program are right', async () => {
    const channels = await loadChannels('config/channels', variables)
    expect(channels.map(({ channel, tenant, listen }) => [channel, tenant, listen.port])).toEqual([
      ['imaging', 'demo', 11_112],
      ['lab', 'demo', 2575],
    ])
  })
})
