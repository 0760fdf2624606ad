/**
 * Binary.securityContext: who may not read the resource that it names may not read the Binary, by whatever road, nor
 * change it. https://hl7.org/fhir/R4/binary-definitions.html#Binary.securityContext
 */
import { type Access, allows } from '../../../access/index.ts'
import { Failure } from '../../../kernel/failure.ts'
import { isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { Change, Repository, Stored } from '../../../store/index.ts'
import type { FhirService } from '../interaction.ts'

/** The service as it is for this caller. Who may read everything has it as it is. */
export function guardBinaries(service: FhirService, access: Access | undefined): FhirService {
  if (access === undefined || allows(access, '*', 'r')) return service
  const { resources } = service
  return {
    ...service,
    repository: {
      ...screened(service.repository, access),
      commit: guardedCommit(service.repository, access),
    },
    search: screened(service.search, access),
    history: screened(service.history, access),
    resources: (type) => screened(resources(type), access),
  }
}

/**
 * A port whose answers are looked through, whatever its methods are: one hidden resource is refused, among several it is
 * left out.
 */
function screened<Port extends object>(port: Port, access: Access): Port {
  const methods = Object.entries(port).map(([name, method]: [string, unknown]) => [
    name,
    typeof method === 'function' ? (...args: unknown[]) => screen(method.apply(port, args), access) : method,
  ])
  return Object.fromEntries(methods) as Port
}

function screen(answer: unknown, access: Access): unknown {
  if (answer instanceof Promise) return answer.then((given) => screen(given, access))
  if (Array.isArray(answer)) return answer.filter((each) => !isHidden(each, access))
  if (isStored(answer)) return refuseHidden(answer, access)
  const entries = isObject(answer) ? (answer['entries'] as unknown) : undefined
  return Array.isArray(entries) ? { ...(answer as object), entries: screen(entries, access) } : answer
}

/** Who writes may do so blindly, but not over what is hidden. */
function guardedCommit(repository: Repository, access: Access): Repository['commit'] {
  const guarded = (change: Change): Change => ({
    ...change,
    make(current, deleted) {
      if (change.type === 'Binary' && current) refuse(current.value, access)
      return change.make(current, deleted)
    },
  })
  return (tenant, changes, options) => repository.commit(tenant, changes.map(guarded), options)
}

function isStored(value: unknown): value is Stored {
  return isObject(value) && typeof value['type'] === 'string' && typeof value['body'] === 'string'
}

function isHidden(value: unknown, access: Access): boolean {
  return isStored(value) && isBinary(value) && !mayReadContext(JSON.parse(value.body) as JsonObject, access)
}

function refuseHidden(stored: Stored, access: Access): Stored {
  if (isBinary(stored)) refuse(JSON.parse(stored.body) as JsonObject, access)
  return stored
}

/** A deletion says nothing of what it deleted. */
function isBinary({ type, body }: Stored): boolean {
  return type === 'Binary' && body !== ''
}

function refuse(binary: JsonObject, access: Access): void {
  if (mayReadContext(binary, access)) return
  throw new Failure('forbidden', 'scope-insufficient', { needed: `system/${contextType(binary)}.r` })
}

function mayReadContext(binary: JsonObject, access: Access): boolean {
  return binary['securityContext'] === undefined || allows(access, contextType(binary), 'r')
}

/** `*` when the reference doesn't tell: then only who may read everything may read this. */
function contextType({ securityContext }: JsonObject): string {
  const { reference, type } = isObject(securityContext) ? securityContext : ({} as JsonObject)
  return typeInReference(reference) ?? (typeof type === 'string' ? type : '*')
}

const LITERAL = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/

function typeInReference(reference: Json | undefined): string | undefined {
  return typeof reference === 'string' ? LITERAL.exec(reference)?.[1] : undefined
}
