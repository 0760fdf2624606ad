/** The answer to a write, as the client prefers it. https://hl7.org/fhir/R4/http.html#ops */
import { successText } from './outcome-text.ts'
import type { Answer, FhirRequest } from './interaction.ts'
import type { Outcome } from '../../store/index.ts'

/** For a write whose audit rows went with it, or that wrote nothing (`did` unchanged and not committed). */
export function writtenAnswer(request: FhirRequest, outcome: Outcome, status: 200 | 201): Answer {
  const { type, id, version, lastUpdated, patients } = outcome
  const { base } = request.caller
  return {
    status,
    ...bodyFor(request, outcome),
    version,
    lastUpdated,
    location: `${base}/${type}/${id}/_history/${version}`,
    seen: { entities: [{ type, id, version }], patients },
  }
}

function bodyFor({ caller }: FhirRequest, outcome: Outcome): Pick<Answer, 'body' | 'outcome'> {
  switch (caller.prefer ?? 'representation') {
    case 'representation':
      return { body: outcome.body }
    case 'minimal':
      return {}
    case 'OperationOutcome':
      return { outcome: successText(caller.language) }
  }
}
