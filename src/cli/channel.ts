/** `passerelle channel`: what the channel files say, what a message would become, and the messages that are held. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import {
  type Channel,
  decisionRow,
  type Hl7Channel,
  loadChannels,
  loadHl7Programs,
  mapForChannel,
  messagesIn,
} from '../channels/index.ts'
import { borrowDatabase } from '../database.ts'
import { loadDefinitions, makeElementTree } from '../fhir/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import {
  explainMapped,
  type MappedResource,
  printExplained,
  type Program,
  toTransactionBundle,
} from '../mapping/index.ts'
import { findTenant, makeJournal, openDb, type Journal } from '../store/index.ts'
import { type Command, type Io, usageFailure } from './command.ts'
import { dictionaryAtHand } from './dictionary-at-hand.ts'
import { readInput } from './read-input.ts'

const OPTIONS = {
  format: { type: 'string' },
  trace: { type: 'boolean', default: false },
  offline: { type: 'boolean', default: false },
  limit: { type: 'string', default: '50' },
} as const

export const channel: Command = {
  name: 'channel',
  summary: 'list, check and try channels; see held and refused messages',
  usage: `Usage: passerelle channel list
       passerelle channel validate
       passerelle channel test NAME [FILE|-] [--format bundle|list] [--trace [--format text|json]] [--offline]
       passerelle channel held NAME [--limit N]
       passerelle channel refused NAME [--limit N]
       passerelle channel release NAME MESSAGE …
       passerelle channel skip NAME MESSAGE …

list      the channels of PASSERELLE_CONFIG_DIR, with their door and tenant
validate  checks channel files, mapping tables and their switches; says what is wrong in which line
test      reads one HL7 v2 message and prints what it would become, with the tenant's ConceptMaps and NamingSystems when
          a database answers; stores nothing, needs no server
held      messages that could not be handled, with the reason and how many wait behind each
refused   what was refused at the door, newest first: unreadable, too long, broken off, a wrong batch; with the reason
release   lets held messages be tried again; a running worker takes them up within seconds
skip      sets held messages aside for good, so that those behind them go on

  --format FORMAT  test: bundle, a FHIR transaction (unless given), or list, a line for each resource
  --trace          test: for each element its value, the field it is from and the rows of the mapping tables that made it;
                   text to read (unless given), or json
  --offline        test: with the files alone, whatever the tenant keeps
  --limit N        held, refused: at most so many lines, 50 unless given
`,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [action, name, ...rest] = positionals
    if (action === 'list' && name === undefined) return list(io)
    if (action === 'validate' && name === undefined) return validate(io)
    if (name === undefined) throw usageFailure('list, validate, or an action with the name of a channel')
    if (action === 'test' && rest.length <= 1) return tryMessage(name, rest[0] ?? '-', values, io)
    if (action === 'held' && rest.length === 0) return held(name, numberOf(values.limit, '--limit'), io)
    if (action === 'refused' && rest.length === 0) return refused(name, numberOf(values.limit, '--limit'), io)
    if ((action === 'release' || action === 'skip') && rest.length > 0) return decide(name, action, rest, io)
    throw usageFailure(`not understood: ${positionals.join(' ')}`)
  },
}

function load(io: Io): Promise<readonly Channel[]> {
  const { configDir, variables } = io.config()
  return loadChannels(join(configDir, 'channels'), variables)
}

async function list(io: Io): Promise<void> {
  for (const { channel: name, source, listen, tenant, enabled, description } of await load(io)) {
    const door = `${source}://${listen.host}:${listen.port}`
    io.out([name, door, tenant, enabled ? 'on' : 'off', description].join('\t').concat('\n'))
  }
}

async function validate(io: Io): Promise<void> {
  const channels = await load(io)
  await loadPrograms(channels, io)
  io.out(`${channels.length === 1 ? '1 channel is' : `${channels.length} channels are`} right\n`)
}

function loadPrograms(channels: readonly Channel[], io: Io) {
  const tree = makeElementTree(loadDefinitions())
  return loadHl7Programs({ folder: join(io.config().configDir, 'mapping'), tree, channels })
}

type TestFormat = 'bundle' | 'list' | 'text' | 'json'

function testFormat(format: string | undefined, trace: boolean): TestFormat {
  const allowed = trace ? (['text', 'json'] as const) : (['bundle', 'list'] as const)
  const found = format === undefined ? allowed[0] : allowed.find((each) => each === format)
  if (found === undefined) throw usageFailure(`--format is ${allowed.join(' or ')}`)
  return found
}

async function tryMessage(
  name: string,
  file: string,
  {
    format: given,
    trace,
    offline,
  }: { readonly format?: string | undefined; readonly trace: boolean; readonly offline: boolean },
  io: Io,
): Promise<void> {
  const format = testFormat(given, trace)
  const one = hl7Channel(await load(io), name)
  const { program, programs } = await loadPrograms([one], io)
  const raw = unframed(await readInput(file, io))
  const rules = programs.get(name) ?? program
  const dictionary = offline ? undefined : await dictionaryAtHand(one, io)
  for (const message of messagesIn(raw, one)) {
    const input = { raw: message, receivedAt: systemClock.now(), ...(dictionary && { dictionary }) }
    const mapped = mapForChannel(input, one, rules, { trace })
    if ('reason' in mapped) io.err(`the channel keeps this message without resources: ${mapped.reason}\n`)
    const { resources, warnings } = 'reason' in mapped ? { resources: [], warnings: [] } : mapped
    for (const { code, about, count } of warnings) io.err(`warning: ${code} ${about} (${count})\n`)
    io.out(`${printed(format, resources, rules)}\n`)
  }
}

function printed(format: TestFormat, resources: readonly MappedResource[], rules: Program): string {
  const json = (value: unknown): string => JSON.stringify(value, undefined, 2)
  switch (format) {
    case 'bundle':
      return json(toTransactionBundle(resources))
    case 'list':
      return resources.map(({ type, id, mode }) => `${type}/${id}\t${mode}`).join('\n')
    case 'text':
      return printExplained(explainMapped(rules, resources))
    case 'json':
      return json(explainMapped(rules, resources))
  }
}

/** MLLP's framing, if the file was recorded from the wire. */
function unframed(bytes: Buffer): Buffer {
  const start = bytes[0] === 0x0b ? 1 : 0
  const end = bytes.lastIndexOf(0x1c)
  return bytes.subarray(start, end === -1 ? bytes.length : end)
}

function hl7Channel(channels: readonly Channel[], name: string): Hl7Channel {
  const one = channels.find(({ channel: own }) => own === name)
  if (one === undefined) throw new Failure('not-found', 'channel-unknown', { channel: name })
  if (one.source !== 'mllp') throw new Failure('unsupported', 'channel-not-hl7', { channel: name })
  return one
}

async function withJournal<T>(
  name: string,
  io: Io,
  work: (journal: Journal, tenant: TenantId) => Promise<T>,
): Promise<T> {
  const { tenant: key } = hl7Channel(await load(io), name)
  await using database = await borrowDatabase(io.config(), io.log())
  await using db = openDb({ url: database.url, maxConnections: 2 })
  const tenant = await findTenant(db, key)
  if (tenant === undefined) throw new Failure('invalid', 'channel-tenant', { channel: name, tenant: key })
  // Awaited here, before the connections are closed.
  return await work(makeJournal(db), tenant.id)
}

async function held(name: string, limit: number, io: Io): Promise<void> {
  await withJournal(name, io, async (journal, tenant) => {
    for (const one of await journal.listHeld(tenant, name, { limit })) {
      const received = new Date(one.receivedAt).toISOString()
      const cells = [
        one.id,
        received,
        one.type ?? '',
        one.controlId ?? '',
        one.reason,
        `${one.behind} behind`,
      ]
      io.out(cells.join('\t').concat('\n'))
    }
  })
}

async function refused(name: string, limit: number, io: Io): Promise<void> {
  await withJournal(name, io, async (journal, tenant) => {
    for (const one of await journal.listRefused(tenant, name, limit)) {
      const received = new Date(one.receivedAt).toISOString()
      const batch = one.batch === undefined ? '' : `batch ${one.batch}`
      const cells = [one.id, received, one.type ?? '', one.controlId ?? '', one.reason, `${one.size} bytes`]
      io.out([...cells, one.peer, batch].join('\t').trimEnd().concat('\n'))
    }
  })
}

/** The sweeper of a running worker finds what is released. */
async function decide(
  name: string,
  decision: 'release' | 'skip',
  messages: readonly string[],
  io: Io,
): Promise<number> {
  for (const id of messages) numberOf(id, 'MESSAGE')
  return withJournal(name, io, async (journal, tenant) => {
    let missing = 0
    for (const id of messages) {
      const row = decisionRow(name, id, decision, { id: 'passerelle-cli', kind: 'system' }, systemClock.now())
      if ((await journal.decideHeld(tenant, { channel: name, id }, decision, row)) !== undefined) continue
      io.err(`${name} holds no message ${id}\n`)
      missing += 1
    }
    return missing === 0 ? 0 : 1
  })
}

function numberOf(text: string, what: string): number {
  if (!/^[1-9]\d{0,18}$/.test(text)) throw usageFailure(`${what} must be a number`)
  return Number(text)
}
