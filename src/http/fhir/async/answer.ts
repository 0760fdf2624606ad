/** An answer as it is kept until it is fetched, and back. */
import type { Language } from '../../../fhir/index.ts'
import type { Failure } from '../../../kernel/failure.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { AsyncAnswer } from '../../../store/index.ts'
import { type Answer, NOTHING_SEEN } from '../interaction.ts'
import { problemText } from '../outcome-text.ts'
import { statusOf } from '../status.ts'

export function keepAnswer({ body, outcome, audited: _audited, ...rest }: Answer): AsyncAnswer {
  const isOutcome = body === undefined && outcome !== undefined
  const answer = JSON.parse(JSON.stringify({ ...rest, isOutcome })) as JsonObject
  return { answer, body: body ?? outcome }
}

export function keepProblem(failure: Failure, language: Language): AsyncAnswer {
  const answer: Answer = {
    status: statusOf(failure),
    outcome: problemText(failure, language),
    seen: NOTHING_SEEN,
  }
  return keepAnswer(answer)
}

export function answerFrom({ answer, body }: AsyncAnswer): Answer {
  const { isOutcome, ...rest } = answer as unknown as Answer & { readonly isOutcome: boolean }
  // Whose interaction it was is told by the row of its run.
  const { code: _code, ...told } = rest
  if (body === undefined) return told
  return isOutcome ? { ...told, outcome: body } : { ...told, body }
}
