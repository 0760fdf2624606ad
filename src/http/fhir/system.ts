/** FHIR batch and transaction: one URL, told apart by Bundle.type. https://hl7.org/fhir/R4/http.html#transaction */
import { type BundleEntry, isRefused, parseBundle } from '../../fhir/index.ts'
import { runBatch } from './batch.ts'
import type { Interaction } from './interaction.ts'
import { refuseParameters } from './query.ts'
import { checkType } from './resource-checks.ts'
import { runTransaction } from './transaction.ts'

export const system: Interaction = {
  code: 'transaction',
  claims: ['transaction', 'batch'],
  summary: 'Several interactions: a transaction all or nothing, a batch each on its own',
  headers: ['Prefer'],
  answers: [200],
  routes: [{ method: 'POST', path: '/' }],
  action: 'E',
  async: true,
  async run(service, request) {
    refuseParameters(request.query)
    const bundle = await request.resource()
    checkType(bundle, 'Bundle')
    const { base, prefer = 'minimal' } = request.caller
    // A client that sent five hundred resources rarely wants them all back.
    const caller = { ...request.caller, prefer }
    const { type, entries } = parseBundle(bundle, { base, maxEntries: service.maxBundleEntries })
    if (type === 'batch') return runBatch(service, caller, entries, request.work)
    return runTransaction(
      service,
      caller,
      entries.filter((entry): entry is BundleEntry => !isRefused(entry)),
      request.work,
    )
  },
}
