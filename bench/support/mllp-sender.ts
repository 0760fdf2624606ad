/**
 * An MLLP sender on a bare socket: one write a frame, answers taken in the order of the messages and held against their
 * control ids. It costs a fraction of the real sender, so that on a shared machine the load generator measures the server
 * and not itself.
 */
import { connect, type Socket } from 'node:net'

import { frame, makeFrameDecoder } from '../../src/hl7/index.ts'

export interface MllpSender extends Disposable {
  /** Whether the message was accepted (AA). Several may be in flight. */
  send(message: Buffer, controlId: string): Promise<boolean>
}

interface Sent {
  readonly accepted: Buffer
  readonly answer: PromiseWithResolvers<boolean>
}

export async function openMllpSender(port: number): Promise<MllpSender> {
  const socket = await open(port)
  const decoder = makeFrameDecoder()
  const sent: Sent[] = []

  const broken = () => {
    for (const { answer } of sent.splice(0)) answer.reject(new Error('connection closed'))
  }
  socket.on('data', (chunk: Buffer) => {
    for (const event of decoder.push(chunk)) {
      const next = sent.shift()
      if (next === undefined || event.kind !== 'frame') return void socket.destroy()
      next.answer.resolve(event.body.includes(next.accepted))
    }
  })
  socket.on('error', broken)
  socket.on('close', broken)

  return {
    send(message, controlId) {
      const answer = Promise.withResolvers<boolean>()
      sent.push({ accepted: Buffer.from(`\rMSA|AA|${controlId}\r`), answer })
      socket.write(frame(message))
      return answer.promise
    },
    [Symbol.dispose]() {
      socket.destroy()
    },
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}
