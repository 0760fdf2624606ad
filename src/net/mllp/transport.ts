/** Which sender a destination uses. Both keep the contract of MllpClient. */
import { connectMllp, type MllpClient, type MllpClientOptions } from './client.ts'

export const TRANSPORTS = ['ours', 'node-hl7-client'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** The package is loaded when it is asked for. @throws as connectMllp */
export async function openTransport(transport: Transport, options: MllpClientOptions): Promise<MllpClient> {
  if (transport === 'ours') return connectMllp(options)
  const { connectNodeHl7Client } = await import('./node-hl7-client.ts')
  return connectNodeHl7Client(options)
}
