/** The listener against peers that behave, and against those that don't. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import {
  CommandField,
  CT_IMAGE_STORAGE,
  decodePdu,
  encodeCommand,
  encodeFragments,
  encodePdu,
  EXPLICIT_VR_LITTLE_ENDIAN,
  type IncomingInstance,
  type InstanceSink,
  type Pdu,
  Status,
  VERIFICATION,
} from '../../dicom/index.ts'
import { silentLog } from '../../kernel/log.ts'
import { associate, type DimseAccess, listenDimse, type ListenDimseOptions } from './index.ts'

interface Kept {
  readonly instance: IncomingInstance
  readonly bytes: Buffer
}

/** Keeps objects in memory; `before` runs ahead of each write. */
function memorySink(before: () => Promise<void> = async () => {}) {
  const kept: Kept[] = []
  const events: string[] = []
  const sink: InstanceSink = {
    async begin(instance) {
      const parts: Buffer[] = []
      return {
        async write(fragment) {
          await before()
          parts.push(fragment)
        },
        async finish() {
          kept.push({ instance, bytes: Buffer.concat(parts) })
          return { status: Status.success }
        },
        async abort() {
          events.push('abort')
        },
      }
    },
    ended: () => events.push('ended'),
  }
  return { sink, kept, events }
}

async function listening(options: Partial<ListenDimseOptions> = {}) {
  const memory = memorySink()
  const accesses: DimseAccess[] = []
  const listener = await listenDimse({
    host: '127.0.0.1',
    port: 0,
    aeTitles: ['PASSERELLE'],
    sink: memory.sink,
    log: silentLog,
    accessed: async (access) => void accesses.push(access),
    ...options,
  })
  return { listener, accesses, ...memory, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() }
}

const CONTEXTS = [
  { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] },
  { id: 3, abstractSyntax: CT_IMAGE_STORAGE, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] },
]

function peer(port: number, calledAeTitle = 'PASSERELLE') {
  return associate({ host: '127.0.0.1', port, callingAeTitle: 'PEER', calledAeTitle, contexts: CONTEXTS })
}

const REQUEST = encodePdu({
  type: 'associate-rq',
  protocolVersion: 1,
  calledAeTitle: 'PASSERELLE',
  callingAeTitle: 'RAW',
  applicationContext: '1.2.840.10008.3.1.1.1',
  contexts: CONTEXTS,
  user: { maxPduLength: 0, implementationClassUid: '1.2.3', others: [] },
})

/** A socket that collects what comes back. */
async function raw(port: number) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'connect')
  const answers = (): Pdu[] => {
    let rest = Buffer.concat(chunks)
    const pdus: Pdu[] = []
    while (rest.length >= 6 && rest.length >= 6 + rest.readUInt32BE(2)) {
      const end = 6 + rest.readUInt32BE(2)
      pdus.push(decodePdu(rest.subarray(0, end)))
      rest = rest.subarray(end)
    }
    return pdus
  }
  return { socket, answers, closed: once(socket, 'close') }
}

async function associated(port: number) {
  const connection = await raw(port)
  connection.socket.write(REQUEST)
  await until(() => connection.answers().length === 1)
  return connection
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 1000) throw new Error('it did not happen')
    await sleep(5)
  }
}

function storeCommand(instance: string): Buffer {
  const command = encodeCommand({
    affectedSopClass: CT_IMAGE_STORAGE,
    commandField: CommandField.cStoreRq,
    messageId: 1,
    priority: 0,
    dataSetType: 1,
    affectedSopInstance: instance,
  })
  return Buffer.concat(encodeFragments({ contextId: 3, command: true, last: true }, command, 16_384))
}

test('an echo is answered and told', async () => {
  await using server = await listening()
  await using client = await peer(server.listener.port)
  expect(await client.echo()).toEqual({ status: Status.success })
  await client.release()
  expect(server.accesses).toMatchObject([{ what: 'c-echo', sender: { callingAeTitle: 'PEER' } }])
})

test('objects of one association arrive whole, one after the other', async () => {
  await using server = await listening()
  await using client = await peer(server.listener.port)
  const sent = [0, 1, 127, 131_072, 700_001].map((length, index) => Buffer.alloc(length, index + 1))
  for (const [index, dataset] of sent.entries()) {
    const instance = {
      contextId: 3,
      sopClassUid: CT_IMAGE_STORAGE,
      sopInstanceUid: `2.25.${index}`,
      dataset: [dataset],
    }
    expect(await client.store(instance)).toEqual({ status: Status.success })
  }
  await client.release()
  await until(() => server.events.includes('ended'))
  expect(server.kept.map(({ instance }) => instance.sopInstanceUid)).toEqual(
    sent.map((_, index) => `2.25.${index}`),
  )
  expect(server.kept.map(({ bytes }, index) => bytes.equals(sent[index]!))).toEqual(sent.map(() => true))
})

test('what goes wrong with one object is its status; the next one is taken', async () => {
  const memory = memorySink()
  const failing: InstanceSink = {
    ...memory.sink,
    async begin(instance) {
      if (instance.sopInstanceUid === '2.25.1') throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      return memory.sink.begin(instance)
    },
  }
  await using server = await listening({ sink: failing })
  await using client = await peer(server.listener.port)
  const store = (sopInstanceUid: string) =>
    client.store({
      contextId: 3,
      sopClassUid: CT_IMAGE_STORAGE,
      sopInstanceUid,
      dataset: [Buffer.alloc(300_000)],
    })
  expect(await store('2.25.1')).toMatchObject({ status: Status.outOfResources })
  expect(await store('2.25.2')).toEqual({ status: Status.success })
})

test('an operation that is not offered is refused, its dataset thrown away, the association stays', async () => {
  await using server = await listening()
  const { socket, answers } = await associated(server.listener.port)
  const find = encodeCommand({
    affectedSopClass: CT_IMAGE_STORAGE,
    commandField: CommandField.cFindRq,
    messageId: 9,
    dataSetType: 1,
  })
  const value = { contextId: 3, command: true, last: true }
  socket.write(Buffer.concat(encodeFragments(value, find, 16_384)))
  socket.write(Buffer.concat(encodeFragments({ ...value, command: false }, Buffer.alloc(100), 16_384)))
  socket.write(encodePdu({ type: 'release-rq' }))
  await until(() => answers().length === 3)
  expect(answers().map(({ type }) => type)).toEqual(['associate-ac', 'p-data-tf', 'release-rp'])
})

test('a slow disk slows the sender down: what waits in memory stays small', async () => {
  const memory = memorySink(() => new Promise(() => {}))
  await using server = await listening({ sink: memory.sink, drainMs: 10 })
  const { socket } = await associated(server.listener.port)
  socket.write(storeCommand('2.25.1'))
  const value = { contextId: 3, command: false, last: false }
  const chunk = Buffer.concat(encodeFragments(value, Buffer.alloc(65_536), 16_384))
  let taken = 0
  for (let slack = true; slack && taken < 100_000_000; taken += chunk.length) {
    slack = socket.write(chunk) || (await drains(socket))
  }
  // The buffers of both ends of the line; nothing else grows.
  expect(taken).toBeLessThan(30_000_000)
  socket.destroy()
})

async function drains(socket: Socket): Promise<boolean> {
  const inTime = AbortSignal.timeout(300)
  return once(socket, 'drain', { signal: inTime }).then(
    () => true,
    () => false,
  )
}

describe('who is refused', () => {
  test.each([
    [
      'an unknown called title',
      { aeTitles: ['OTHER'] },
      { result: 1, source: 1, reason: 7 },
      'called-ae-title',
    ],
    [
      'a calling title that is not on the list',
      { callers: ['OTHER'] },
      { result: 1, source: 1, reason: 3 },
      'calling-ae-title',
    ],
    ['one too many', { maxAssociations: 0 }, { result: 2, source: 3, reason: 2 }, 'too-many-associations'],
  ])('%s', async (_, options, expected, code) => {
    await using server = await listening(options)
    await expect(peer(server.listener.port)).rejects.toMatchObject({
      code: 'association-refused',
      params: expected,
    })
    expect(server.accesses).toMatchObject([{ what: 'association-refused', code }])
  })

  test('an address that is not allowed gets no answer', async () => {
    await using server = await listening({ isAllowed: () => false })
    const { closed, answers } = await raw(server.listener.port)
    await closed
    expect(answers()).toEqual([])
  })

  test('contexts that are not offered are answered 3 and 4, the others stand', async () => {
    await using server = await listening()
    const contexts = [
      { id: 1, abstractSyntax: '1.2.840.10008.5.1.4.31', transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] },
      { id: 3, abstractSyntax: CT_IMAGE_STORAGE, transferSyntaxes: ['nonsense'] },
      { id: 5, abstractSyntax: VERIFICATION, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] },
    ]
    const { socket, answers } = await raw(server.listener.port)
    const request = decodePdu(REQUEST) as Extract<Pdu, { type: 'associate-rq' }>
    socket.write(encodePdu({ ...request, contexts }))
    await until(() => answers().length === 1)
    const [accepted] = answers() as Extract<Pdu, { type: 'associate-ac' }>[]
    expect(accepted!.contexts.map(({ result }) => result)).toEqual([3, 4, 0])
    socket.destroy()
  })
})

function dataTransfer(contextId: number, command: boolean): Buffer {
  return encodePdu({
    type: 'p-data-tf',
    values: [{ contextId, command, last: true, fragment: Buffer.from('nonsense!') }],
  })
}

describe('bad input is answered with an abort, and the next association is served', () => {
  const cases: readonly [string, readonly Buffer[], { source: number; reason: number }][] = [
    [
      'a request that announces 4 GB',
      [Buffer.from([1, 0, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(1000)],
      { source: 2, reason: 6 },
    ],
    ['junk', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], { source: 2, reason: 1 }],
    ['data before the association', [encodePdu({ type: 'p-data-tf', values: [] })], { source: 2, reason: 2 }],
    ['a second request', [REQUEST, REQUEST], { source: 2, reason: 2 }],
    [
      'data that announces 4 GB',
      [REQUEST, Buffer.from([4, 0, 0xff, 0xff, 0xff, 0xff])],
      { source: 2, reason: 6 },
    ],
    ['a dataset without a command', [REQUEST, dataTransfer(3, false)], { source: 2, reason: 2 }],
    ['a context that was not agreed', [REQUEST, dataTransfer(99, true)], { source: 2, reason: 6 }],
    ['a command that is none', [REQUEST, dataTransfer(3, true)], { source: 2, reason: 6 }],
  ]

  test.each(cases)('%s', async (_, writes, expected) => {
    await using server = await listening()
    const { socket, answers, closed } = await raw(server.listener.port)
    for (const bytes of writes) socket.write(bytes)
    await closed
    expect(answers().at(-1)).toEqual({ type: 'abort', ...expected })
    await using client = await peer(server.listener.port)
    expect(await client.echo()).toEqual({ status: Status.success })
  })
})

describe('peers that fall silent', () => {
  const quick = { associateTimeoutMs: 50, idleTimeoutMs: 50, stallTimeoutMs: 50 }

  test.each<[string, (socket: Socket) => void]>([
    ['before they say what they want', () => {}],
    ['in half a request', (socket) => socket.write(REQUEST.subarray(0, 40))],
    ['between messages', (socket) => socket.write(REQUEST)],
    ['within an object', (socket) => socket.write(Buffer.concat([REQUEST, storeCommand('2.25.1')]))],
  ])('%s are aborted', async (_, act) => {
    await using server = await listening(quick)
    const { socket, closed, answers } = await raw(server.listener.port)
    act(socket)
    await closed
    expect(answers().at(-1)).toMatchObject({ type: 'abort' })
    await until(() => server.listener.associations() === 0)
  })

  test('one that hangs up in the middle of an object leaves nothing', async () => {
    await using server = await listening()
    const { socket } = await associated(server.listener.port)
    socket.write(storeCommand('2.25.1'))
    socket.write(
      encodePdu({
        type: 'p-data-tf',
        values: [{ contextId: 3, command: false, last: false, fragment: Buffer.alloc(500) }],
      }),
    )
    await sleep(20)
    socket.destroy()
    await until(() => server.events.length === 2)
    expect(server.events).toEqual(['abort', 'ended'])
    expect(server.kept).toEqual([])
  })
})

test('a stop lets the object in progress end, then hangs up', async () => {
  let resume: (() => void) | undefined
  const memory = memorySink(() => new Promise((resolve) => (resume = resolve)))
  const server = await listening({ sink: memory.sink })
  await using client = await peer(server.listener.port)
  const instance = {
    contextId: 3,
    sopClassUid: CT_IMAGE_STORAGE,
    sopInstanceUid: '2.25.1',
    dataset: [Buffer.alloc(100)],
  }
  const stored = client.store(instance)
  await until(() => resume !== undefined)
  const stopped = server[Symbol.asyncDispose]()
  resume!()
  expect(await stored).toEqual({ status: Status.success })
  await stopped
  expect(memory.kept).toHaveLength(1)
  await expect(peer(server.listener.port)).rejects.toMatchObject({ code: 'cannot-connect' })
})

test('a port that is in use is a Failure that says so', async () => {
  await using server = await listening()
  await expect(listening({ port: server.listener.port })).rejects.toMatchObject({ code: 'port-in-use' })
})
