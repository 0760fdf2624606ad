/**
 * FHIR batch interaction: each entry on its own, through the same interactions as an HTTP request, in the
 * specification's order of methods. https://hl7.org/fhir/R4/http.html#brules
 */
import { type BundleEntry, inProcessingOrder, isRefused, type RefusedEntry } from '../../fhir/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import { bundleText } from './bundle-text.ts'
import { answerEntry, problemEntry, targetOf } from './entry.ts'
import { type Answer, type Caller, type FhirService, type LongWork, NOTHING_SEEN } from './interaction.ts'
import { sideBySide } from './side-by-side.ts'

/** Entries in flight at one moment: enough to share a commit, few enough to leave room for other clients. */
const CONCURRENCY = 8

export async function runBatch(
  service: FhirService,
  caller: Caller,
  entries: readonly (BundleEntry | RefusedEntry)[],
  work?: LongWork,
): Promise<Answer> {
  const texts: string[] = Array.from({ length: entries.length }, () => '')
  let done = 0
  await work?.begin()

  async function run(entry: BundleEntry): Promise<void> {
    work?.progress(`${done++} of ${entries.length} entries`)
    try {
      const { interaction, request } = targetOf(service, entry, caller)
      texts[entry.index] = answerEntry(entry, await service.perform(interaction, request), caller.base)
    } catch (thrown) {
      const failure = asFailure(thrown)
      // Without its audit row nothing of it may be told.
      if (failure.code.startsWith('audit-')) throw failure
      texts[entry.index] = problemEntry(failure, caller.language)
    }
  }

  const sound: BundleEntry[] = []
  for (const entry of entries) {
    if (isRefused(entry)) texts[entry.index] = problemEntry(entry.failure, caller.language)
    else sound.push(entry)
  }
  for (const phase of Map.groupBy(inProcessingOrder(sound), ({ method }) => method).values()) {
    await sideBySide(phase, CONCURRENCY, run)
  }
  return {
    status: 200,
    body: bundleText('batch-response', undefined, [], texts),
    seen: NOTHING_SEEN,
    code: 'batch',
  }
}
