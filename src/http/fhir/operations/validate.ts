/**
 * $validate: would this be accepted? Nothing is kept of what was sent. The answer is 200 whatever was found; another
 * status says that the question could not be answered. https://hl7.org/fhir/R4/resource-operation-validate.html
 */
import { type OperationInput, printableCanonical } from '../../../fhir/index.ts'
import { allows } from '../../../access/index.ts'
import { asFailure, Failure } from '../../../kernel/failure.ts'
import { type ExactJson, parseExactObject } from '../../../kernel/json.ts'
import { uuidv7 } from '../../../kernel/ids.ts'
import type { Change } from '../../../store/index.ts'
import { nextDeletion } from '../delete.ts'
import { refuseOtherVersion } from '../etag.ts'
import { mayRead, requireScope } from '../gate.ts'
import { type Answer, type FhirRequest, type FhirService, NOTHING_SEEN, type Seen } from '../interaction.ts'
import { reviewText } from '../outcome-text.ts'
import { currentVersion } from '../read.ts'
import { checkId, checkType } from '../resource-checks.ts'
import { nextVersion } from '../update.ts'
import type { Operation, OperationCall } from './operation.ts'

/** https://hl7.org/fhir/R4/valueset-resource-validation-mode.html */
type Mode = 'create' | 'update' | 'delete' | 'profile'

export const validate: Operation = {
  name: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  summary: 'Whether a resource would be accepted, and why not',
  levels: ['type', 'instance'],
  affectsState: false,
  parameters: [
    { name: 'resource', min: 0, max: 1, type: 'Resource' },
    { name: 'mode', min: 0, max: 1, type: 'code' },
    { name: 'profile', min: 0, max: '*', type: 'uri' },
  ],
  headers: ['If-Match'],
  async run(service, call) {
    const { request, input } = call
    const mode = modeOf(call)
    if (mode === 'delete') return validateDeletion(service, request)
    const profiles = await profilesOf(service, request, input, mode)
    const { resource, seen } = await resourceOf(service, call)
    const { type, caller } = request
    const problems = [
      ...problemsOf(() => checkType(resource, type)),
      ...(mode === undefined ? [] : await problemsWith(service, request, resource, mode)),
    ]
    const issues = await service.checks.review(caller.tenant, resource.value, type, profiles)
    const isSound = problems.length === 0 && !issues.some(({ severity }) => severity === 'error')
    if (isSound && (mode === 'create' || mode === 'update'))
      problems.push(...(await rehearse(service, request, changeFor(request, resource, mode))))
    return { status: 200, body: reviewText(problems, issues, caller.language), seen }
  },
}

/** @throws Failure `invalid`/`validate-mode`, `invalid`/`validate-mode-instance` */
function modeOf({ input, level }: OperationCall): Mode | undefined {
  const mode = input.text('mode')
  switch (mode) {
    case undefined:
    case 'create':
    case 'profile':
      return mode
    case 'update':
    case 'delete':
      if (level === 'instance') return mode
      throw new Failure('invalid', 'validate-mode-instance', { mode })
    default:
      throw new Failure('invalid', 'validate-mode')
  }
}

/**
 * "If a profile is nominated, and the server cannot validate against the nominated profile, it SHALL return an error."
 * @throws Failure `invalid`/`profile-not-found`, `invalid`/`operation-parameter-missing`
 */
async function profilesOf(
  { checks }: FhirService,
  { caller }: FhirRequest,
  input: OperationInput,
  mode: Mode | undefined,
): Promise<readonly string[]> {
  const profiles = input.texts('profile')
  if (mode === 'profile' && profiles.length === 0)
    throw new Failure('invalid', 'operation-parameter-missing', { parameter: 'profile' })
  for (const profile of profiles) {
    if (!(await checks.knows(caller.tenant, profile)))
      throw new Failure('invalid', 'profile-not-found', { profile: printableCanonical(profile) })
  }
  return profiles
}

/** The resource that was sent; on an instance without one, what is stored. */
async function resourceOf(
  service: FhirService,
  { request, input, level }: OperationCall,
): Promise<{ resource: ExactJson; seen: Seen }> {
  const { type, id, caller } = request
  const sent = input.resource('resource')
  if (sent) {
    const { access } = caller
    const mayWork = (['c', 'u', 'r'] as const).some((letter) => access && allows(access, type, letter))
    if (!mayWork) requireScope(access, type, 'c')
    return { resource: sent, seen: id === '' ? NOTHING_SEEN : { entities: [{ type, id }], patients: [] } }
  }
  if (level === 'type') throw new Failure('invalid', 'operation-parameter-missing', { parameter: 'resource' })
  requireScope(caller.access, type, 'r')
  const { version, patients, body } = await currentVersion(service, request)
  return { resource: parseExactObject(body), seen: { entities: [{ type, id, version }], patients } }
}

/** What would be refused about it as a create or an update, beside its content. */
async function problemsWith(
  service: FhirService,
  request: FhirRequest,
  resource: ExactJson,
  mode: Mode,
): Promise<Failure[]> {
  if (mode === 'profile') return []
  const { type, id, caller, conditions } = request
  const admitted = problemsOf(() => admit(service, request, mode))
  if (mode === 'create') return admitted
  const stored = await service.resources(type).read(caller.tenant, type, id)
  const current = stored && !stored.deleted ? parseExactObject(stored.body) : undefined
  return [
    ...admitted,
    ...problemsOf(() => checkId(resource, id)),
    ...problemsOf(() => refuseOtherVersion(type, current, conditions.ifMatch)),
  ]
}

/** Reading is not asked for: that there is nothing to delete is no secret to who may delete. */
async function validateDeletion(service: FhirService, request: FhirRequest): Promise<Answer> {
  const { type, id, caller } = request
  const problems = problemsOf(() => admit(service, request, 'delete'))
  let seen: Seen = { entities: [{ type, id }], patients: [] }
  if (problems.length === 0) {
    const stored = await service.resources(type).read(caller.tenant, type, id)
    const isThere = stored !== undefined && !stored.deleted
    if (isThere) {
      seen = { entities: [{ type, id, version: stored.version }], patients: stored.patients }
      problems.push(...(await rehearse(service, request, { type, id, make: nextDeletion(request) })))
    } else problems.push(new Failure('not-found', 'validate-deletion-missing', { type }))
  }
  return { status: 200, body: reviewText(problems, [], caller.language), seen }
}

function changeFor(request: FhirRequest, resource: ExactJson, mode: 'create' | 'update'): Change {
  const { type, id } = request
  return mode === 'create'
    ? { type, id: uuidv7(), mustBeNew: true, make: () => resource }
    : { type, id, make: nextVersion(request, resource) }
}

/** What the store itself would refuse it for: it is written, and that is undone. */
async function rehearse(
  { repository, resources }: FhirService,
  { caller, type }: FhirRequest,
  change: Change,
): Promise<Failure[]> {
  // The trail can't undo anything; the bytes of a Binary go another way.
  if (resources(type).create || type === 'Binary') return []
  try {
    await repository.rehearse(caller.tenant, [change], { integrity: { mayName: mayRead(caller) } })
    return []
  } catch (thrown) {
    const failure = asFailure(thrown)
    if (failure.kind === 'internal' || failure.kind === 'unavailable') throw failure
    return [failure]
  }
}

/** What the interaction itself would be refused for: the type does not have it, the token does not allow it. */
function admit(service: FhirService, request: FhirRequest, code: 'create' | 'update' | 'delete'): void {
  service.admit(
    service.interactions.find((interaction) => interaction.code === code)!,
    request,
  )
}

function problemsOf(check: () => void): Failure[] {
  try {
    check()
    return []
  } catch (thrown) {
    return [asFailure(thrown)]
  }
}
