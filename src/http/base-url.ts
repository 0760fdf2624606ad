/** Where the client reached us: the start of every absolute link. */
import type { IncomingMessage } from 'node:http'

import type { HttpSettings } from './settings.ts'

/** A host as RFC 9110 §7.2 has it, and nothing that could break out of a link. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** `https://host[:port]`, without a slash at the end. */
export function originOf(request: IncomingMessage, settings: HttpSettings): string {
  if (settings.publicBase !== undefined) return settings.publicBase.replace(/\/+$/, '')
  const { host, protocol } = settings.trustProxy ? forwarded(request) : NOT_FORWARDED
  const name = host ?? request.headers.host ?? ''
  return `${protocol ?? 'http'}://${HOST.test(name) ? name : localAddress(request)}`
}

/** The caller's address. */
export function addressOf(request: IncomingMessage, settings: HttpSettings): string | undefined {
  if (settings.trustProxy) {
    const caller = last(request.headers['x-forwarded-for'])
    if (caller !== undefined && /^[0-9A-Fa-f:.]{2,45}$/.test(caller)) return caller
  }
  return request.socket.remoteAddress
}

interface Forwarded {
  readonly host?: string | undefined
  readonly protocol?: string | undefined
}

const NOT_FORWARDED: Forwarded = {}

function forwarded(request: IncomingMessage): Forwarded {
  const protocol = last(request.headers['x-forwarded-proto'])
  return {
    host: last(request.headers['x-forwarded-host']),
    protocol: protocol === 'https' || protocol === 'http' ? protocol : undefined,
  }
}

/** What the proxy itself wrote: it appends to what the client sent. */
function last(header: string | string[] | undefined): string | undefined {
  return (
    String(header ?? '')
      .split(',')
      .at(-1)
      ?.trim() || undefined
  )
}

function localAddress(request: IncomingMessage): string {
  const { localAddress: address = '127.0.0.1', localPort = 80 } = request.socket
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`
}
