/** A Patient as PID. HL7 v2.5 chapter 3, §3.4.2; the fields are those that IHE ITI TF-2 §3.21.4.2 asks for. */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { authorityOf, type Namespaces } from './authority.ts'

/** Where in a segment (`3[2].4.1`) what stands. */
export type Placed = readonly (readonly [place: string, value: string])[]

export interface PatientOptions {
  readonly namespaces: Namespaces
  /** Only identifiers of these systems; all when it is not given. */
  readonly systems?: ReadonlySet<string> | undefined
}

/** The whole PID but for PID-1. */
export function pidOf(patient: JsonObject, options: PatientOptions): Placed {
  const telecoms = listOf(patient['telecom'])
  const work = telecoms.filter(({ use }) => use === 'work')
  return [
    ...identifiersOf(patient, options),
    ...namesOf(patient),
    ...one('6.1', extensionOf(patient, MAIDEN, 'valueString')),
    ...one('7', digits(textOf(patient['birthDate']))),
    ...one('8', GENDERS[textOf(patient['gender']) ?? '']),
    ...listOf(patient['address']).flatMap((address, index) => addressOf(address, `11[${index + 1}]`)),
    ...telecoms
      .filter((each) => !work.includes(each))
      .flatMap((each, at) => telecomOf(each, `13[${at + 1}]`)),
    ...work.flatMap((each, at) => telecomOf(each, `14[${at + 1}]`)),
    ...codedOf(listOf(patient['communication'])[0]?.['language'], '15'),
    ...codedOf(patient['maritalStatus'], '16'),
    ...one('24', yesNo(patient['multipleBirthBoolean'])),
    ...one('25', textOf(patient['multipleBirthInteger'])),
    ...one('29', digits(textOf(patient['deceasedDateTime']))),
    ...one('30', patient['deceasedDateTime'] === undefined ? yesNo(patient['deceasedBoolean']) : 'Y'),
  ]
}

/** PID-3 alone, for who may only know the numbers. */
export function identifiersOf(patient: JsonObject, { namespaces, systems }: PatientOptions): Placed {
  const wanted = listOf(patient['identifier']).filter(
    ({ system, value }) =>
      typeof value === 'string' && (systems === undefined || systems.has(textOf(system) ?? '')),
  )
  return wanted.flatMap(({ value, system, type, assigner }, index) => {
    const place = `3[${index + 1}]`
    const display = isObject(assigner) ? textOf(assigner['display']) : undefined
    const {
      namespace,
      id,
      type: kind,
    } = typeof system === 'string'
      ? authorityOf(system, display, namespaces)
      : { namespace: display, id: undefined, type: undefined }
    return [
      ...one(`${place}.1`, textOf(value)),
      ...one(`${place}.4.1`, namespace),
      ...one(`${place}.4.2`, id),
      ...one(`${place}.4.3`, kind),
      ...one(`${place}.5`, codeOf(type, V2_TABLES)),
    ]
  })
}

const MAIDEN = 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName'
const V2_TABLES = 'http://terminology.hl7.org/CodeSystem/v2-'

const GENDERS: Readonly<Record<string, string>> = { male: 'M', female: 'F', other: 'O', unknown: 'U' }

/** Table 0200. */
const NAME_TYPES: Readonly<Record<string, string>> = {
  official: 'L',
  usual: 'D',
  maiden: 'M',
  nickname: 'N',
  anonymous: 'S',
  temp: 'TEMP',
  old: 'OLD',
}

function namesOf(patient: JsonObject): Placed {
  return listOf(patient['name']).flatMap((name, index) => {
    const place = `5[${index + 1}]`
    const [given, ...others] = textsOf(name['given'])
    return [
      ...one(`${place}.1`, textOf(name['family'])),
      ...one(`${place}.2`, given),
      ...one(`${place}.3`, others.join(' ')),
      ...one(`${place}.4`, textsOf(name['suffix']).join(' ')),
      ...one(`${place}.5`, textsOf(name['prefix']).join(' ')),
      ...one(`${place}.7`, NAME_TYPES[textOf(name['use']) ?? '']),
    ]
  })
}

/** Table 0190. */
const ADDRESS_TYPES: Readonly<Record<string, string>> = {
  home: 'H',
  work: 'B',
  temp: 'C',
  billing: 'BI',
  old: 'BA',
}

function addressOf(address: JsonObject, place: string): Placed {
  const [street, ...others] = textsOf(address['line'])
  return [
    ...one(`${place}.1.1`, street),
    ...one(`${place}.2`, others.join(' ')),
    ...one(`${place}.3`, textOf(address['city'])),
    ...one(`${place}.4`, textOf(address['state'])),
    ...one(`${place}.5`, textOf(address['postalCode'])),
    ...one(`${place}.6`, textOf(address['country'])),
    ...one(`${place}.7`, ADDRESS_TYPES[textOf(address['use']) ?? '']),
    ...one(`${place}.9`, textOf(address['district'])),
  ]
}

/** Tables 0201 and 0202. */
const USES: Readonly<Record<string, string>> = { home: 'PRN', work: 'WPN', mobile: 'PRS', temp: 'VHN' }
const EQUIPMENT: Readonly<Record<string, string>> = { phone: 'PH', fax: 'FX', pager: 'BP', sms: 'CP' }

function telecomOf({ system, value, use }: JsonObject, place: string): Placed {
  const isMail = system === 'email'
  const kind = use === 'mobile' && system === 'phone' ? 'CP' : EQUIPMENT[textOf(system) ?? '']
  return [
    ...one(`${place}.1`, isMail ? undefined : textOf(value)),
    ...one(`${place}.2`, isMail ? 'NET' : USES[textOf(use) ?? '']),
    ...one(`${place}.3`, isMail ? 'Internet' : kind),
    ...one(`${place}.4`, isMail ? textOf(value) : undefined),
  ]
}

function codedOf(concept: Json | undefined, place: string): Placed {
  if (!isObject(concept)) return []
  const coding = codingOf(concept, V2_TABLES)
  return [
    ...one(`${place}.1`, textOf(coding?.['code'])),
    ...one(`${place}.2`, textOf(coding?.['display']) ?? textOf(concept['text'])),
  ]
}

function codeOf(concept: Json | undefined, system: string): string | undefined {
  return isObject(concept) ? textOf(codingOf(concept, system)?.['code']) : undefined
}

/** The coding that v2 knows, else the first. */
function codingOf(concept: JsonObject, system: string): JsonObject | undefined {
  const codings = listOf(concept['coding'])
  return codings.find((each) => textOf(each['system'])?.startsWith(system)) ?? codings[0]
}

function extensionOf(resource: JsonObject, url: string, value: string): string | undefined {
  return textOf(listOf(resource['extension']).find((each) => each['url'] === url)?.[value])
}

const DATE =
  /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T(\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?(?:Z|([+-]\d\d):(\d\d)))?$/

/** `1984-03-14T10:20:00+01:00` → `19840314102000+0100`. */
function digits(date: string | undefined): string | undefined {
  const parts = DATE.exec(date ?? '')?.slice(1)
  return parts && `${parts.join('')}${date!.endsWith('Z') ? '+0000' : ''}`
}

function yesNo(value: Json | undefined): string | undefined {
  return typeof value === 'boolean' ? (value ? 'Y' : 'N') : undefined
}

function one(place: string, value: string | undefined): Placed {
  return value === undefined || value === '' ? [] : [[place, value]]
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
