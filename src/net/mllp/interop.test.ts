/** The listener against senders that others wrote. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { Client, Message } from 'node-hl7-client'
import { describe, expect, test } from 'vitest'

import { parseMessage, readAck } from '../../hl7/index.ts'
import { hasProgram } from '../../../test/support/programs.ts'
import { openTransport, TRANSPORTS } from './index.ts'
import { listen, message } from './listener.fixture.ts'

/** One message in flight, its own waiting and queueing off: its default mode stops the process at a second send. */
async function nodeHl7Client(port: number) {
  const answers: string[] = []
  const arrivals = new EventEmitter()
  const client = new Client({ host: '127.0.0.1' })
  const connection = client.createConnection({ port, waitAck: false }, (response) => {
    answers.push(response.getMessage().toString())
    arrivals.emit('answer')
  })
  await once(connection, 'connect')
  return {
    answers,
    async send(text: string): Promise<void> {
      const answered = once(arrivals, 'answer')
      await connection.sendMessage(new Message({ text }))
      await answered
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

describe('node-hl7-client', () => {
  test('sends, and each answer says its control id', async () => {
    const received: string[] = []
    await using listener = await listen({ maxInFlight: 1 })
    await using peer = await nodeHl7Client(listener.port)
    for (let id = 0; id < 50; id++) {
      received.push(`M${id}`)
      await peer.send(message(`M${id}`, 'Hémoglobine').toString())
    }
    const matched = peer.answers.map((answer) => parseMessage(answer).get('MSA-2'))
    expect(matched).toEqual(received)
    expect(listener.count('junk')).toBe(0)
  })

  test('what it builds is what we read', async () => {
    const built = new Message({
      messageHeader: { msh_9_1: 'ADT', msh_9_2: 'A01', msh_10: 'C1', msh_11_1: 'P' },
    })
    const segment = built.addSegment('PID')
    segment.set('3.1', '4711')
    segment.set('5.1', "O'Brien & Fils | Cie")
    const read = parseMessage(built.toString())
    expect(read.get('MSH-9.2')).toBe('A01')
    expect(read.get('PID-3')).toBe('4711')
    expect(read.get('PID-5')).toBe("O'Brien & Fils | Cie")
  })

  test('what we write is what it reads', () => {
    const ours = parseMessage('MSH|^~\\&|LAB')
    ours.set('PID-3[1].4.2', '1.2.3')
    ours.set('PID-5', 'a & b')
    const theirs = new Message({ text: ours.toString() })
    expect(theirs.get('PID.3.4.2').toString()).toBe('1.2.3')
    expect(theirs.get('PID.5.1').toString()).toBe('a & b')
  })
})

/** Debian's Python has the package; it prints the port and what it read of each message. */
const PYTHON_RECEIVER = `
import asyncio, hl7.mllp

async def serve(reader, writer):
    try:
        while True:
            message = await reader.readmessage()
            print(str(message.segment('NTE')[3]), flush=True)
            writer.writemessage(message.create_ack())
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()

async def main():
    server = await hl7.mllp.start_hl7_server(serve, host='127.0.0.1', port=0, encoding='utf-8')
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
`

describe('the server of python3-hl7', () => {
  test.skipIf(!hasProgram('mllp_send'))(
    'is sent to, by both senders, and its answers are understood',
    async () => {
      const server = spawn('/usr/bin/python3', ['-c', PYTHON_RECEIVER], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
      const line = async (): Promise<string> => String((await lines.next()).value)
      try {
        const port = Number(await line())
        for (const transport of TRANSPORTS) {
          await using client = await openTransport(transport, { host: '127.0.0.1', port })
          for (let id = 0; id < 20; id++) {
            const answer = readAck(await client.send(message(`M${id}`, `Hémoglobine ${id}`)))
            expect(answer).toMatchObject({ code: 'AA', controlId: `M${id}` })
            expect(await line()).toBe(`Hémoglobine ${id}`)
          }
        }
      } finally {
        server.kill()
        await once(server, 'close')
      }
    },
  )
})

describe('mllp_send of python3-hl7', () => {
  test.skipIf(!hasProgram('mllp_send'))('sends a file of messages and is answered', async () => {
    await using listener = await listen()
    const folder = await mkdtemp(join(tmpdir(), 'mllp-send-'))
    const file = join(folder, 'messages.hl7')
    await writeFile(file, Buffer.concat([message('M1'), message('M2')]))
    const sending = spawn('mllp_send', [
      '--port',
      String(listener.port),
      '--file',
      file,
      '--loose',
      '127.0.0.1',
    ])
    let output = ''
    sending.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [code] = (await once(sending, 'close')) as [number]
    await rm(folder, { recursive: true })
    expect(code).toBe(0)
    expect(listener.count('frame')).toBe(2)
    expect(output).toContain('MSA|AA|M2')
  })
})
