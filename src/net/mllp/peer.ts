/** Who is at the other end of a connection, and who may be. */
import { BlockList, isIP, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import { Failure } from '../../kernel/failure.ts'

export interface Peer {
  /** A number for the connection, unique within the listener. */
  readonly connection: number
  /** IPv4 addresses without the IPv6 prefix. */
  readonly address: string
  readonly port: number
  /** With TLS: the client's certificate, where it showed one. */
  readonly certificate?: { readonly subject: string; readonly fingerprint256: string } | undefined
}

export function peerOf(socket: Socket, connection: number): Peer {
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined
  const shown = certificate?.fingerprint256
    ? { subject: commonName(certificate.subject.CN), fingerprint256: certificate.fingerprint256 }
    : undefined
  return { connection, address: addressOf(socket), port: socket.remotePort ?? 0, certificate: shown }
}

export function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
}

function commonName(name: string | string[] | undefined): string {
  return Array.isArray(name) ? name.join(', ') : (name ?? '')
}

/**
 * A test for addresses: single ones and networks (`10.1.0.0/16`, `2001:db8::/32`). No list: everybody.
 * @throws Failure `invalid`/`mllp-allow`
 */
export function makeAllowList(entries: readonly string[] | undefined): (address: string) => boolean {
  if (entries === undefined) return () => true
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    const bits = Number(prefix)
    const valid =
      isIP(address) !== 0 &&
      (prefix === undefined || (/^\d{1,3}$/.test(prefix) && bits <= (family === 'ipv6' ? 128 : 32)))
    if (!valid) throw new Failure('invalid', 'mllp-allow', { entry })
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, bits, family)
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
