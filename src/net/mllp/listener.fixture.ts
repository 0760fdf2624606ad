/** A listener on a free port that acknowledges, and a raw socket to misbehave with. For the tests of this folder. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import { buildAck, makeFrameDecoder, readIntake } from '../../hl7/index.ts'
import { silentLog } from '../../kernel/log.ts'
import { listenMllp, type MllpEvent, type MllpServer, type MllpServerOptions } from './index.ts'

export interface Listener extends AsyncDisposable {
  readonly server: MllpServer
  readonly port: number
  readonly events: MllpEvent[]
  count(kind: MllpEvent['kind']): number
}

export async function listen(options: Partial<MllpServerOptions> = {}): Promise<Listener> {
  const events: MllpEvent[] = []
  const server = await listenMllp({
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    observe: (event) => events.push(event),
    handle: (body) => Promise.resolve(acknowledge(body)),
    ...options,
  })
  return {
    server,
    port: server.port,
    events,
    count: (kind) => events.filter((event) => event.kind === kind).length,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

export function message(id: string | number, text = ''): Buffer {
  return Buffer.from(`MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102||ORU^R01|${id}|P|2.5\rNTE|1||${text}\r`)
}

export function acknowledge(body: Buffer): Buffer {
  return buildAck({ to: readIntake(body), code: 'AA', controlId: 'A', epochMs: 0 })
}

export interface RawPeer extends Disposable {
  readonly socket: Socket
  /** The MSA-2 of the answers so far. */
  readonly answered: string[]
  /** Resolves when so many answers are there. */
  answers(count: number): Promise<void>
  /** Resolves when the other side has ended or reset the connection. */
  readonly gone: Promise<void>
}

export async function rawPeer(port: number, host = '127.0.0.1'): Promise<RawPeer> {
  const socket = connect({ host, port, noDelay: true })
  const decoder = makeFrameDecoder()
  const answered: string[] = []
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    for (const event of decoder.push(chunk)) {
      if (event.kind === 'frame') answered.push(/MSA\|..\|([^|\r]*)/.exec(event.body.toString())?.[1] ?? '')
    }
    socket.emit('answered')
  })
  await once(socket, 'connect')
  const gone = new Promise<void>((resolve) => {
    socket.once('end', resolve)
    socket.once('close', () => resolve())
  })
  return {
    socket,
    answered,
    gone,
    async answers(count) {
      while (answered.length < count) await once(socket, 'answered')
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}
