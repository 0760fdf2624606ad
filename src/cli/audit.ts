/** `passerelle audit verify`: recomputes the seals of the audit trail. */
import { parseArgs } from 'node:util'
import { deriveKey, makeTenants, readInstallationSecret } from '../access/index.ts'
import { verifyTenant, type AuditHead, type AuditVerdict } from '../audit/index.ts'
import { borrowDatabase } from '../database.ts'
import { systemClock, toInstant } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import { openDb, type Tenant } from '../store/index.ts'
import { usageFailure, type Command } from './command.ts'

export const audit: Command = {
  name: 'audit',
  summary: 'verify that nobody changed the audit trail',
  usage: `Usage: passerelle audit verify [--tenant KEY [--head NUMBER:SEAL]]

Recomputes the seal of every block of the trail and prints, for each tenant, what is sealed and its head, or the first
block that does not fit and why. Exit code 1 when one does not.

  --tenant KEY        this tenant only
  --head NUMBER:SEAL  a head that an earlier verification printed: the trail must still contain it. Keep heads outside
                      this machine; without one, blocks cut off the end cannot be noticed.
`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { tenant: { type: 'string' }, head: { type: 'string' } },
    })
    if (positionals.join(' ') !== 'verify') throw usageFailure('verify is all it can do')
    const head = values.head === undefined ? undefined : headFrom(values.head)
    if (head !== undefined && values.tenant === undefined) throw usageFailure('--head needs --tenant')

    const config = io.config()
    const key = deriveKey(await readInstallationSecret(config.dataDir), 'audit-seal')
    await using database = await borrowDatabase(config, io.log())
    await using db = openDb({ url: database.url, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
    const tenants = await makeTenants({ db, clock: systemClock }).list()
    let broken = 0
    for (const tenant of chosen(tenants, values.tenant)) {
      const verdict = await verifyTenant({ db, key }, tenant.id, head)
      io.out(`${tenant.key}\t${describe(verdict)}\n`)
      if (!verdict.intact) broken += 1
    }
    return broken === 0 ? 0 : 1
  },
}

/** The count of what is not sealed yet walks over all of it, which is long where no sealer runs. */
const STATEMENT_TIMEOUT_MS = 600_000

function headFrom(text: string): AuditHead {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text)
  if (match === null) throw usageFailure('--head is NUMBER:SEAL, as verify prints it')
  return { number: Number(match[1]), seal: match[2]! }
}

function chosen(tenants: readonly Tenant[], key: string | undefined): readonly Tenant[] {
  if (key === undefined) return tenants
  const tenant = tenants.find((one) => one.key === key)
  if (tenant === undefined) throw new Failure('not-found', 'tenant-unknown', { key })
  return [tenant]
}

function describe(verdict: AuditVerdict): string {
  if (!verdict.intact) {
    const when = verdict.sealedAt === undefined ? '' : ` sealed ${toInstant(verdict.sealedAt)}`
    return `BROKEN\tblock ${verdict.block}${when}\t${verdict.because}`
  }
  const { blocks, rows, unsealed, head } = verdict
  const sealed = `intact\t${rows} accesses in ${blocks} blocks, ${unsealed} not sealed yet`
  return head === undefined ? sealed : `${sealed}\thead ${head.number}:${head.seal}`
}
