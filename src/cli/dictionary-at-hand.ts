/** What a tenant keeps to read messages with, for a command that tries a message: read where a database is at hand. */
import type { Hl7Channel } from '../channels/index.ts'
import { databaseAtHand } from '../database.ts'
import { systemClock } from '../kernel/clock.ts'
import { asFailure } from '../kernel/failure.ts'
import type { Dictionary } from '../mapping/index.ts'
import { makeTenantDictionaries } from '../parts/tenant-dictionaries.ts'
import { findTenant, openDb } from '../store/index.ts'
import type { Io } from './command.ts'

/** Undefined, with a line that says why, when no database answers or it does not know the tenant. Starts none. */
export async function dictionaryAtHand(
  { tenant: key }: Hl7Channel,
  { config, err }: Io,
): Promise<Dictionary | undefined> {
  const without = (why: string): undefined => {
    err(`without the ConceptMaps and NamingSystems of ${key}: ${why}\n`)
  }
  try {
    const url = await databaseAtHand(config())
    if (url === undefined) return without('no database is running')
    await using db = openDb({ url, maxConnections: 1 })
    const tenant = await findTenant(db, key)
    if (tenant === undefined) return without('the database does not know this tenant')
    return await makeTenantDictionaries({ db, clock: systemClock })(tenant.id)
  } catch (error) {
    return without(asFailure(error).code)
  }
}
