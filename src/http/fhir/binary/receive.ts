/**
 * A Binary that is sent: any content under its own type, or the resource. Content of FHIR's types is content too, unless
 * it is a Binary. https://hl7.org/fhir/R4/binary.html#rest
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failure } from '../../../kernel/failure.ts'
import { type ExactJson, isObject, type JsonObject } from '../../../kernel/json.ts'
import { type BodyReader, textOf } from '../../body.ts'
import type { HttpSettings } from '../../settings.ts'
import type { Format, Formats } from '../formats.ts'
import type { FhirRequest, FhirService } from '../interaction.ts'

export interface ReceiveDeps {
  readonly service: FhirService
  readonly bodies: BodyReader
  readonly settings: Pick<HttpSettings, 'maxBinaryBytes'>
}

/** The format that a body of this type may be a resource in; undefined: it is content. */
export function formatOfBody(formats: Formats, contentType: string | undefined): Format | undefined {
  if (contentType === undefined) return undefined
  try {
    return formats.ofBody(contentType)
  } catch {
    return undefined
  }
}

/**
 * The resource that is to be written. Content beyond 32 kB is on disk when this resolves.
 * @throws Failure `too-large`/`body-too-large`, `invalid`/`body-…`, `invalid`/`security-context-invalid`
 */
export async function receiveBinary(
  { service, bodies, settings }: ReceiveDeps,
  request: IncomingMessage,
  response: ServerResponse,
  target: Pick<FhirRequest, 'id' | 'caller'>,
): Promise<ExactJson> {
  const { binaries, formats } = service
  const { tenant } = target.caller
  const contentType = request.headers['content-type']
  const context = await securityContext(service, request, target)
  const keep = (source: AsyncIterable<Buffer>) =>
    binaries.receive(tenant, source, settings.maxBinaryBytes).then((data) => {
      const value: JsonObject = {
        resourceType: 'Binary',
        ...(target.id !== '' && { id: target.id }),
        contentType: codeOf(contentType),
        ...(context !== undefined && { securityContext: context }),
        ...(data !== undefined && { data }),
      }
      return { value, exact: value }
    })

  const format = formatOfBody(formats, contentType)
  if (format === undefined) {
    refuseDeclared(request, settings)
    return keep(bodies.stream(request, response))
  }
  const bytes = await bodies.readBytes(request, response)
  return asResource(bytes, format, contentType!) ?? keep(inOne(bytes))
}

/** undefined when it is something else. What says it is FHIR and can't be read is refused. */
function asResource(bytes: Buffer, format: Format, contentType: string): ExactJson | undefined {
  const isNamed = contentType.includes('fhir')
  if (!isNamed && !bytes.includes('Binary')) return undefined
  try {
    const resource = format.parse(textOf(bytes))
    return resource.value['resourceType'] === 'Binary' ? resource : undefined
  } catch (thrown) {
    if (isNamed) throw thrown
    return undefined
  }
}

/** The header; of an update without one what the current version says, so that nobody uncovers a content by chance. */
async function securityContext(
  service: FhirService,
  { headers }: IncomingMessage,
  { id, caller }: Pick<FhirRequest, 'id' | 'caller'>,
): Promise<JsonObject | undefined> {
  const reference = headers['x-security-context']
  if (reference !== undefined) {
    if (typeof reference !== 'string' || !/^[\x21-\x7e]+$/.test(reference))
      throw new Failure('invalid', 'security-context-invalid')
    return { reference }
  }
  const current = id === '' ? undefined : await service.repository.read(caller.tenant, 'Binary', id)
  const context = current?.body ? (JSON.parse(current.body) as JsonObject)['securityContext'] : undefined
  return isObject(context) ? context : undefined
}

function refuseDeclared({ headers }: IncomingMessage, { maxBinaryBytes }: ReceiveDeps['settings']): void {
  if (Number(headers['content-length'] ?? 0) > maxBinaryBytes)
    throw new Failure('too-large', 'body-too-large', { maxBytes: maxBinaryBytes })
}

/** As a FHIR code: no white space at its ends, single blanks inside. RFC 9110 §8.3: without a type it may be anything. */
function codeOf(contentType: string | undefined): string {
  return contentType?.trim().replaceAll(/\s+/g, ' ') || 'application/octet-stream'
}

async function* inOne(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes
}
