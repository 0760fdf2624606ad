/**
 * A keep-alive HTTP/1.1 client on a bare socket: one request at a time, bodies by Content-Length. It costs a fraction
 * of fetch, so that on a shared machine the load generator measures the server and not itself.
 */
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface HttpClient extends Disposable {
  send(
    method: string,
    path: string,
    body?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>
}

export async function openHttpClient(
  base: URL,
  defaults: Readonly<Record<string, string>>,
): Promise<HttpClient> {
  const socket = await open(base)
  let chunks: Buffer[] = []
  let received = 0
  let wanted = 0
  let waiting: PromiseWithResolvers<Answer> | undefined

  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    received += chunk.length
    if (received < wanted) return
    const whole = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    chunks = [whole]
    const answer = takeAnswer(whole)
    wanted = answer?.end ?? 0
    if (!answer || received < wanted || !waiting) return
    const rest = whole.subarray(wanted)
    chunks = rest.length === 0 ? [] : [rest]
    received = rest.length
    wanted = 0
    const { resolve } = waiting
    waiting = undefined
    resolve(answer)
  })
  const fail = () => waiting?.reject(new Error('connection closed'))
  socket.on('close', fail)
  socket.on('error', fail)

  return {
    send(method, path, body, headers) {
      if (socket.destroyed) return Promise.reject(new Error('connection closed'))
      waiting = Promise.withResolvers()
      const lines = [`${method} ${path} HTTP/1.1`, `Host: ${base.host}`]
      for (const [name, value] of Object.entries({ ...defaults, ...headers })) lines.push(`${name}: ${value}`)
      if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
      return waiting.promise
    },
    [Symbol.dispose]() {
      socket.destroy()
    },
  }
}

function open(base: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: base.hostname, port: Number(base.port), noDelay: true }, () =>
      resolve(socket),
    )
    socket.once('error', reject)
  })
}

/** Whose body is read only when it is asked for. `end` may lie beyond what came. */
function takeAnswer(buffer: Buffer): (Answer & { readonly end: number }) | undefined {
  const headEnd = buffer.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = buffer.toString('latin1', 0, headEnd)
  const status = Number(head.slice(9, 12))
  const length = /content-length: *(\d+)/i.exec(head)
  const end = headEnd + 4 + (length ? Number(length[1]) : 0)
  return {
    status,
    end,
    get body() {
      return buffer.toString('utf8', headEnd + 4, end)
    },
  }
}
