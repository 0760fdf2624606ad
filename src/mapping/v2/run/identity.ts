/**
 * Ids that come out the same whenever and wherever the same thing is spoken of: UUIDv5 (RFC 9562 §5.5) in the tenant's
 * namespace over resource type, identifier system and value. What has no identifier of its own takes the identity of
 * what it belongs to; what has neither is contained in the resource that speaks of it, or belongs to the message alone.
 */
import { uuidv5 } from '../../../kernel/ids.ts'
import type { Hl7Segment } from '../../../hl7/index.ts'
import { nearestSegment, type GroupNode } from './groups.ts'
import { namingNumber } from './patient-number.ts'
import { objectsIn, textAt, type Obj, type ResourceNode } from './tree.ts'

type Identity = { readonly id: string } | 'contained' | 'omitted'

/** The segment that made a resource, for those whose identity hangs on the order or message around it. */
export interface Origin {
  readonly segment: Hl7Segment
  readonly group: GroupNode
}

export interface IdentityInput {
  readonly namespace: string
  /** What identifies the message: channel and control id. */
  readonly message: string
  /** Scope of identifiers without an authority: sending application and facility. */
  readonly sender: string
  /** The system that ids are made of for an identifier system: it stays, whatever is registered later. */
  idSystem(system: string): string
  readonly patientIdentifier: readonly string[]
  /** An Encounter without a visit number: left out, or one of the message. */
  readonly encounterOfMessage: boolean
  readonly originOf: (resource: ResourceNode) => Origin | undefined
  /** The resource that another one is, said in other words. */
  readonly sameAs: (resource: ResourceNode) => ResourceNode | undefined
  /** The resource that refers to one which no segment stands for. */
  readonly parentOf: (resource: ResourceNode) => ResourceNode | undefined
}

export interface Identities {
  of(resource: ResourceNode): Identity
  /** The resource that stands for this one: itself, or the one that it is in other words. */
  standsFor(resource: ResourceNode): ResourceNode
  /** The id that a number alone makes. */
  ofNumber(type: string, number: Pick<NumberOf, 'system' | 'value'>): string
  /** Numbers that a record is not known by yet, whatever else it is called. To be said before it is asked for. */
  setAside(resource: ResourceNode, numbers: readonly NumberOf[]): void
}

export interface NumberOf {
  readonly system: string
  readonly value: string
}

export function makeIdentities(input: IdentityInput): Identities {
  const known = new Map<ResourceNode, Identity>()
  const taken = new Map<string, number>()
  const setAside = new Map<Obj, readonly NumberOf[]>()

  const standsFor = (resource: ResourceNode): ResourceNode => input.sameAs(resource) ?? resource

  function of(named: ResourceNode): Identity {
    const resource = standsFor(named)
    const found = known.get(resource)
    if (found) return found
    // A circle of references (a report and its order) ends here; none of the keys below runs in one.
    known.set(resource, 'omitted')
    const identity = identify(resource)
    known.set(resource, identity)
    return identity
  }

  function identify(resource: ResourceNode): Identity {
    const key = keyOf({ ...input, resource, idOf, idOfParent, count, setAside })
    if (key === 'omitted' || key === 'contained') return key
    if (key !== undefined) return { id: uuidv5(input.namespace, `${resource.type}|${key}`) }
    if (!input.originOf(resource)) return 'contained'
    const name = `${resource.type}|${input.message}`
    return { id: uuidv5(input.namespace, `${name}|${count(name)}`) }
  }

  /** Id of what a reference element refers to. */
  function idOf(root: Obj, element: string): string | undefined {
    const target = firstReference(root, element)
    const identity = target && of(target)
    return typeof identity === 'object' ? identity.id : undefined
  }

  function idOfParent(resource: ResourceNode): string | undefined {
    const parent = input.parentOf(resource)
    const identity = parent && of(parent)
    return typeof identity === 'object' ? identity.id : undefined
  }

  /** 1 for the first that asks under a name, 2 for the second. */
  function count(name: string): number {
    const next = (taken.get(name) ?? 0) + 1
    taken.set(name, next)
    return next
  }

  return {
    of,
    standsFor,
    ofNumber: (type, { system, value }) =>
      uuidv5(input.namespace, `${type}|${input.idSystem(system)}|${value}`),
    setAside: ({ root }, numbers) => void setAside.set(root, numbers),
  }
}

interface KeyInput extends IdentityInput {
  readonly resource: ResourceNode
  readonly idOf: (root: Obj, element: string) => string | undefined
  readonly idOfParent: (resource: ResourceNode) => string | undefined
  readonly count: (name: string) => number
  readonly setAside: ReadonlyMap<Obj, readonly NumberOf[]>
}

/** `system|value` of what identifies the resource; undefined when nothing does. */
function keyOf(input: KeyInput): string | 'omitted' | 'contained' | undefined {
  const { resource, idOf } = input
  const { root, type } = resource
  const own = (): string | undefined => firstIdentifier(root, input)
  const about = (): string =>
    idOf(root, 'encounter') ?? idOf(root, 'subject') ?? idOf(root, 'patient') ?? input.message
  const coded = (element = 'code'): string => conceptKey(root, element) ?? ''
  switch (type) {
    case 'Patient':
      return patientKey(root, input)
    case 'Encounter':
      return (
        visitKey(root, input) ??
        movementKey(root, input) ??
        firstIdentifier(root, input) ??
        (input.encounterOfMessage && isVisit(root) ? admissionKey(root, idOf) : 'omitted')
      )
    case 'PractitionerRole':
      return roleKey(root, idOf)
    case 'Location':
      return locationKey(root, input)
    case 'NutritionOrder':
    case 'ServiceRequest':
    case 'SupplyRequest':
      return orderKey(input)
    case 'DiagnosticReport':
      return prefixed(typedIdentifier(root, 'FILL', input) ?? typedIdentifier(root, 'PLAC', input), coded())
    case 'Observation':
      return numberedKey(input) ?? observationKey(input)
    case 'Specimen':
      return own() ?? specimenKey(input)
    case 'RelatedPerson':
      return own() ?? personKey(root, idOf)
    case 'Condition':
    case 'AllergyIntolerance':
      return own() ?? `${about()}|${coded()}`
    case 'Procedure':
      return (
        own() ??
        `${about()}|${coded()}|${textAt(root, 'performedDateTime') ?? textAt(root, 'performedPeriod.start') ?? ''}`
      )
    case 'Immunization':
      return prefixed(typedIdentifier(root, 'FILL', input) ?? own(), coded('vaccineCode'))
    case 'MedicationRequest':
      return orderKey(input) ?? giveKey(input)
    case 'MedicationDispense':
    case 'MedicationAdministration':
      return doneKey(input)
    case 'Medication':
      return medicationKey(input)
    case 'Coverage':
      return `${idOf(root, 'beneficiary') ?? input.message}|${own() ?? ''}|${conceptKey(root, 'type') ?? ''}|${idOf(root, 'payor') ?? ''}`
    case 'Account':
      // Charges and guarantors without an account number are of the patient's one account.
      return own() ?? prefixed(idOf(root, 'subject'), 'account')
    case 'ObservationDefinition':
      return own() ?? coded()
    case 'Consent':
      return own() ?? `${about()}|${conceptKey(root, 'category') ?? ''}`
    case 'CareTeam':
      return `${idOf(root, 'subject') ?? input.message}|care-team`
    case 'DocumentReference':
      return masterKey(root, input) ?? own() ?? prefixed(input.idOfParent(resource), 'document')
    case 'Device':
      return own() ?? deviceKey(root)
    case 'MessageHeader':
    case 'Provenance':
      return `urn:passerelle:message|${input.message}`
    default:
      return own()
  }
}

function prefixed(prefix: string | undefined, rest: string): string | undefined {
  return prefix === undefined ? undefined : `${prefix}|${rest}`
}

/** Where a number counts: with its authority, else with its sender. */
type Naming = Pick<IdentityInput, 'sender' | 'idSystem'>

function identifierKey(identifier: Obj, { sender, idSystem }: Naming): string | undefined {
  const value = textAt(identifier, 'value')
  const system = textAt(identifier, 'system')
  return value === undefined ? undefined : `${system === undefined ? sender : idSystem(system)}|${value}`
}

/** Those that are in force: neither former numbers, which another may have now, nor secondary ones, which many share. */
function currentIdentifiers(root: Obj): Obj[] {
  return objectsIn(root, 'identifier').filter(
    (identifier) => !['old', 'secondary'].includes(textAt(identifier, 'use') ?? ''),
  )
}

function firstIdentifier(root: Obj, naming: Naming): string | undefined {
  const keys = currentIdentifiers(root).map((identifier) => identifierKey(identifier, naming))
  return keys.find((key) => key !== undefined)
}

function masterKey(root: Obj, naming: Naming): string | undefined {
  const [master] = objectsIn(root, 'masterIdentifier')
  return master && identifierKey(master, naming)
}

function typeCodes(identifier: Obj): (string | undefined)[] {
  const [type] = objectsIn(identifier, 'type')
  return type === undefined ? [] : objectsIn(type, 'coding').map((coding) => textAt(coding, 'code'))
}

function typedIdentifier(root: Obj, code: string, naming: Naming): string | undefined {
  const typed = currentIdentifiers(root).find((identifier) => typeCodes(identifier).includes(code))
  return typed && identifierKey(typed, naming)
}

function patientKey(root: Obj, input: KeyInput): string | undefined {
  const { patientIdentifier, setAside } = input
  const all = currentIdentifiers(root).filter((each) => textAt(each, 'value') !== undefined)
  const away = setAside.get(root) ?? []
  const own = all.filter((each) =>
    away.every(({ system, value }) => textAt(each, 'system') !== system || textAt(each, 'value') !== value),
  )
  const numbers = (own.length > 0 ? own : all).map((identifier) => ({
    identifier,
    types: typeCodes(identifier),
    system: textAt(identifier, 'system'),
    authority: textAt(identifier, 'assigner.display'),
  }))
  const chosen = namingNumber(numbers, patientIdentifier)
  return chosen && identifierKey(chosen.identifier, input)
}

function visitKey(root: Obj, naming: Naming): string | undefined {
  return typedIdentifier(root, 'VN', naming)
}

/** Nobody is admitted twice at one moment: a visit without a number is known again by its patient and its beginning. */
function admissionKey(root: Obj, idOf: KeyInput['idOf']): string | undefined {
  const begun = textAt(root, 'period.start')
  return begun === undefined ? undefined : prefixed(idOf(root, 'subject'), `admitted|${begun}`)
}

/** PV1-2 N says that there is none. */
function isVisit(root: Obj): boolean {
  return textAt(root, 'class.code') !== 'N'
}

/** A movement inside a visit is numbered by the authority of its number, else within the visit. */
function movementKey(root: Obj, { sender, idSystem, idOf }: KeyInput): string | undefined {
  const number = objectsIn(root, 'identifier').find((each) => typeCodes(each).includes('MN'))
  if (number === undefined) return undefined
  return `movement|${identifierKey(number, { sender: idOf(root, 'partOf') ?? sender, idSystem })}`
}

function roleKey(root: Obj, idOf: KeyInput['idOf']): string | 'contained' {
  const practitioner = idOf(root, 'practitioner')
  const organization = idOf(root, 'organization')
  if (practitioner === undefined && organization === undefined) return 'contained'
  return `${practitioner ?? ''}|${organization ?? ''}|${conceptKey(root, 'code') ?? ''}|${idOf(root, 'location') ?? ''}`
}

/** A bed is known by its number in its room in its ward: the chain of places counts, up to the sender. */
function locationKey(root: Obj, { sender, idSystem, idOf }: KeyInput): string | 'contained' {
  const [identifier] = objectsIn(root, 'identifier')
  const value = identifier && textAt(identifier, 'value')
  if (value === undefined) return 'contained'
  const system = textAt(identifier!, 'system')
  if (system !== undefined) return `${idSystem(system)}|${value}`
  return `${idOf(root, 'partOf') ?? sender}|${textAt(root, 'physicalType.coding.code') ?? ''}|${value}`
}

/** By the placer's number, else the filler's. A second order under one number in a message is told apart by what it asks for. */
function orderKey(input: KeyInput): string | undefined {
  const { resource, count, idOf } = input
  const { root } = resource
  const number =
    typedIdentifier(root, 'PLAC', input) ??
    typedIdentifier(root, 'FILL', input) ??
    firstIdentifier(root, input)
  if (number === undefined) return undefined
  if (count(`${resource.type}|${number}`) === 1) return number
  return `${number}|${conceptKey(root, 'code') ?? idOf(root, 'medicationReference') ?? ''}`
}

/** What was done for an order: its number, the sub-id of the dispense or the dose, and when. */
function doneKey({ resource, originOf, sender, count }: KeyInput): string | undefined {
  const { root, type } = resource
  const origin = originOf(resource)
  if (!origin) return undefined
  const order = orderNumber(origin, sender)
  if (order === undefined) return undefined
  const subIds = [1, 2].map((field) => segmentOf(origin, 'RXA')?.field(field).value ?? '').join('.')
  const subId = type === 'MedicationDispense' ? (segmentOf(origin, 'RXD')?.field(1).value ?? '') : subIds
  const when = ['whenHandedOver', 'effectiveDateTime', 'effectivePeriod.start']
    .map((path) => textAt(root, path))
    .find((text) => text !== undefined)
  const key = `${order}|${subId}|${when ?? ''}`
  const occurrence = count(`${type}|${key}`)
  return occurrence === 1 ? key : `${key}|${occurrence}`
}

/** A dose that is to be given (RXG): its number within the order, and when. */
function giveKey({ resource, originOf, sender }: KeyInput): string | undefined {
  const origin = originOf(resource)
  if (origin?.segment.name !== 'RXG') return undefined
  const order = orderNumber(origin, sender)
  const when = textAt(resource.root, 'dosageInstruction.timing.repeat.boundsPeriod.start') ?? ''
  return order && `${order}|give|${origin.segment.field(1).value ?? ''}|${when}`
}

function segmentOf({ segment, group }: Origin, name: string): Hl7Segment | undefined {
  return segment.name === name ? segment : nearestSegment(group, name)
}

/** Software has no number: its maker, name and version say which it is. */
function deviceKey(root: Obj): string | 'contained' {
  const names = ['manufacturer', 'deviceName.name', 'version.value', 'modelNumber'].map((path) =>
    textAt(root, path),
  )
  return names[1] === undefined ? 'contained' : names.map((name) => name ?? '').join('|')
}

/** A drug is what it is made of: orders of the same one share it, a changed recipe is another. */
function medicationKey({ resource, idOf }: KeyInput): string | 'contained' {
  const code = conceptKey(resource.root, 'code')
  const hasIngredients = objectsIn(resource.root, 'ingredient').length > 0
  if (code === undefined && !hasIngredients) return 'contained'
  return `${contentOf(resource.root)}|${idOf(resource.root, 'manufacturer') ?? ''}`
}

/** All that was written in an object, in the order of writing. */
function contentOf(object: Obj): string {
  const fields = [...object.fields].map(([name, { items }]) => {
    const texts = [...items.values()].map((item) =>
      item.kind === 'leaf' ? (item.json ?? '') : contentOf(item),
    )
    return `${name}:${[...new Set(texts)].join(',')}`
  })
  return `{${fields.toSorted().join(';')}}`
}

/** OBX-21. Where a message gives one number to several results, what they are of and their sub-ids tell them apart. */
function numberedKey(input: KeyInput): string | undefined {
  const { resource, originOf, count } = input
  const number = firstIdentifier(resource.root, input)
  if (number === undefined || count(`Observation|${number}`) === 1) return number
  const origin = originOf(resource)
  const subId = origin?.segment.name === 'OBX' ? (origin.segment.field(4).value ?? '') : ''
  const key = `${number}|${conceptKey(resource.root, 'code') ?? ''}|${subId}`
  const occurrence = count(`Observation|${key}`)
  return occurrence === 1 ? key : `${key}|${occurrence}`
}

/** The order's number, the code, the sub-id, and which one it is where these repeat. */
function observationKey({
  resource,
  idOf,
  originOf,
  sender,
  count,
  message,
}: KeyInput): string | 'contained' {
  const { root } = resource
  const origin = originOf(resource)
  if (!origin) return 'contained'
  const order = orderNumber(origin, sender) ?? idOf(root, 'subject') ?? message
  const when = orderNumber(origin, sender) === undefined ? (textAt(root, 'effectiveDateTime') ?? '') : ''
  const subId = origin.segment.name === 'OBX' ? (origin.segment.field(4).value ?? '') : ''
  const key = `${order}|${conceptKey(root, 'code') ?? ''}|${subId}|${when}`
  const occurrence = count(`Observation|${key}`)
  return occurrence === 1 ? key : `${key}|${occurrence}`
}

function specimenKey(input: KeyInput): string | undefined {
  const origin = input.originOf(input.resource)
  const order = origin && orderNumber(origin, input.sender)
  if (order === undefined) return origin ? undefined : 'contained'
  return `${order}|specimen|${input.count(`Specimen|${order}`)}`
}

/** OBR-3 or ORC-3, else OBR-2 or ORC-2, of the group that the segment stands in, with its authority. */
function orderNumber({ segment, group }: Origin, sender: string): string | undefined {
  for (const field of [3, 2]) {
    for (const name of ['OBR', 'ORC']) {
      const order = segment.name === name ? segment : nearestSegment(group, name)
      const number = order?.field(field).repetition(1)
      const value = number?.component(1).value?.trim()
      if (!number || value === undefined || value === '') continue
      const authority = number.component(3).value ?? number.component(2).value ?? sender
      return `${authority}|${value}`
    }
  }
  return undefined
}

function personKey(root: Obj, idOf: KeyInput['idOf']): string | 'contained' {
  const patient = idOf(root, 'patient')
  const [name] = objectsIn(root, 'name')
  if (patient === undefined) return 'contained'
  const family = name === undefined ? '' : (textAt(name, 'family') ?? '')
  const given = name === undefined ? '' : (textAt(name, 'given') ?? '')
  return `${patient}|${conceptKey(root, 'relationship') ?? ''}|${family}|${given}`
}

/** What tells one coded element from another: its first coding, else its text. */
function conceptKey(root: Obj, element: string): string | undefined {
  const [concept] = objectsIn(root, element)
  if (!concept) return undefined
  const [coding] = objectsIn(concept, 'coding')
  const code = coding && textAt(coding, 'code')
  return code === undefined ? textAt(concept, 'text') : `${textAt(coding!, 'system') ?? ''}#${code}`
}

function firstReference(root: Obj, element: string): ResourceNode | undefined {
  return objectsIn(root, element).find((each) => each.resource !== undefined)?.resource
}
