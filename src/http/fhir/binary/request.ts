/** What is different about a request for a Binary: its body may be anything, and so may its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnswerFormat } from '../formats.ts'
import { queryOf } from '../http-request.ts'
import type { Caller, FhirRequest } from '../interaction.ts'
import type { Target } from '../routes.ts'
import { formatOfBody, receiveBinary, type ReceiveDeps } from './receive.ts'
import { binaryWish } from './wish.ts'

export interface BinaryRequest {
  /** In place of what it would be for another resource. */
  readonly request: Pick<FhirRequest, 'wish'> | Pick<FhirRequest, 'resource' | 'caller'>
  /** Of the resource, where the answer is one. */
  readonly format: AnswerFormat
}

/** undefined for all other resources, and for interactions in which a Binary is one like the others. */
export function binaryRequest(
  deps: ReceiveDeps,
  request: IncomingMessage,
  response: ServerResponse,
  { type, id, interaction: { code } }: Target,
  caller: Caller,
): BinaryRequest | undefined {
  const reads = code === 'read' || code === 'vread'
  const writes = code === 'create' || code === 'update'
  if (type !== 'Binary' || !(reads || writes)) return undefined
  const { formats } = deps.service
  const wish = binaryWish(formats, request.headers.accept, queryOf(request))
  const { format } = wish
  if (reads) return { format, request: { wish } }
  return {
    format,
    request: {
      caller: preferring(caller, formatOfBody(formats, request.headers['content-type']) === undefined),
      resource: () => receiveBinary(deps, request, response, { id, caller }),
    },
  }
}

/** Who sends a content as it is has no use for it in base64, unless it says so. */
function preferring(caller: Caller, isContent: boolean): Caller {
  return isContent ? { ...caller, prefer: caller.prefer ?? 'minimal' } : caller
}
