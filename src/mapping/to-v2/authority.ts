/** Assigning authorities (HD) ↔ identifier systems: the mapping's way in, and the way back. */
import type { Authority } from '../../hl7/index.ts'
import { universalUri } from '../v2/index.ts'

/** Namespace (`CHU`), OID or URI → identifier system, as the channel and the tenant's NamingSystems say it. */
export type Namespaces = ReadonlyMap<string, string>

const OID = /^[0-2](?:\.\d+)+$/
const NAMESPACE = 'urn:passerelle:ns:'

/** The system under which identifiers of an authority are stored. */
export function systemOf({ namespace, id, type }: Authority, namespaces: Namespaces): string | undefined {
  const registered = namespace === undefined ? undefined : namespaces.get(namespace)
  if (registered !== undefined) return registered
  const universal = id === undefined ? undefined : universalUri(id, type)
  if (universal !== undefined) return namespaces.get(universal) ?? universal
  const name = namespace ?? id
  if (name === undefined) return undefined
  return universalUri(name, undefined) ?? `${NAMESPACE}${encodeURIComponent(name)}`
}

/** @param display what the resource calls the assigner */
export function authorityOf(system: string, display: string | undefined, namespaces: Namespaces): Authority {
  const names = [...namespaces].flatMap(([name, uri]) => (uri === system ? [name] : []))
  const oid = names.find((name) => OID.test(name))
  const namespace = names.find((name) => name !== oid && !name.includes(':')) ?? display
  if (oid !== undefined) return { namespace, id: oid, type: 'ISO' }
  const own = /^urn:passerelle:(ns|dns):(.*)$/.exec(system)
  if (own?.[1] === 'ns') return { namespace: decodeURIComponent(own[2]!), id: undefined, type: undefined }
  if (own?.[1] === 'dns') return { namespace, id: decodeURIComponent(own[2]!), type: 'DNS' }
  const urn = /^urn:(oid|uuid):(.*)$/.exec(system)
  if (urn) return { namespace, id: urn[2], type: urn[1] === 'oid' ? 'ISO' : 'UUID' }
  return { namespace, id: system, type: 'URI' }
}
