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
  readonly certificate?: PeerCertificate | undefined
}

export interface PeerCertificate {
  /** Common name. */
  readonly subject: string
  /** Subject alternative names with their kind: `DNS:analyser-7.lab`, `URI:…`. */
  readonly names: readonly string[]
  readonly fingerprint256: string
}

export function peerOf(socket: Socket, connection: number): Peer {
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined
  const shown = certificate?.fingerprint256
    ? {
        subject: commonName(certificate.subject.CN),
        names: alternativeNames(certificate.subjectaltname),
        fingerprint256: certificate.fingerprint256,
      }
    : undefined
  return { connection, address: addressOf(socket), port: socket.remotePort ?? 0, certificate: shown }
}

export function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
}

function commonName(name: string | string[] | undefined): string {
  return Array.isArray(name) ? name.join(', ') : (name ?? '')
}

/** Node writes `DNS:a, URI:"b, with what needs quotes"`. */
function alternativeNames(text: string | undefined): string[] {
  const found = (text ?? '').matchAll(/([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,]*)/g)
  return [...found].map(([, kind, value]) => `${kind}:${value!.startsWith('"') ? unquoted(value!) : value}`)
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}

/**
 * A test for client certificates: by SHA-256 fingerprint (with or without colons), or by a name, which is the common
 * name or an alternative name, with its kind (`DNS:analyser-7.lab`) or without. No list: every certificate that the
 * authority signed.
 */
export function makeCertificateList(
  entries: readonly string[] | undefined,
): (certificate: PeerCertificate | undefined) => boolean {
  if (entries === undefined) return () => true
  const wanted = new Set(entries.map(comparable))
  return (certificate) => {
    if (certificate === undefined) return false
    const { fingerprint256, subject, names } = certificate
    const bare = names.map((name) => name.slice(name.indexOf(':') + 1))
    return [fingerprint256, subject, ...names, ...bare].some((one) => wanted.has(comparable(one)))
  }
}

function comparable(entry: string): string {
  const text = entry.trim().toLowerCase()
  const digits = text.replaceAll(':', '')
  return /^[0-9a-f]{64}$/.test(digits) ? digits : text
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
