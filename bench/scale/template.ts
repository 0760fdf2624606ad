/** A sample resource with gaps: text as it stands between them, and what each gap is filled with for one person. */
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import type { Person } from './person.ts'

export type Slot = (person: Person) => string

export interface Template {
  readonly type: string
  /** The whole JSON text for a person; the resource's id is that of `idIndex`. */
  fill(person: Person): string
  readonly idIndex: number
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{3})?(?:Z|\+00:00))?$/

export interface SampleIds {
  /** The place of an id of the sample among its ids; the same one for the same id. */
  indexOf(id: string): number
  /** The type of the resource that has this id in the sample. */
  typeOf(id: string): string | undefined
}

export function makeTemplate(resource: JsonObject, ids: SampleIds): Template {
  const slots: Slot[] = []
  /** Private-use characters: no sample has them. */
  const gap = (slot: Slot) => `\ue000${slots.push(slot) - 1}\ue001`
  const bare = (slot: Slot) => `\ue002${gap(slot)}\ue002`
  const type = resource['resourceType'] as string

  function walk(value: Json, path: string): Json {
    if (Array.isArray(value)) return value.map((item) => walk(item, path))
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, walk(item, `${path}.${key}`)]),
      )
    }
    if (typeof value === 'number') return VARIED_NUMBERS.test(path) ? bare(nearby(value)) : value
    return typeof value === 'string' ? text(value, path) : value
  }

  function text(value: string, path: string): string {
    if (path === 'Patient.name.family') return gap((person) => person.family)
    if (path === 'Practitioner.name.family') return gap((person) => `${person.family}-${person.given()}`)
    if (path.endsWith('.name.given')) return gap((person) => person.given())
    if (path === 'Patient.birthDate') return gap((person) => moved(value, person.birthShiftMs))
    if (TIME.test(value)) return gap((person) => moved(value, person.shiftMs))
    const link = /^urn:uuid:(.*)$/.exec(value)?.[1]
    const target = link === undefined ? undefined : ids.typeOf(link)
    if (target !== undefined) return `${target}/${gap((person) => person.id(ids.indexOf(link!)))}`
    if (VARIED_DIGITS.test(path) && !/-.*-.*-.*-/.test(value))
      return gap((person) => otherDigits(value, person))
    return value.replaceAll(UUID, (id) => gap((person) => person.id(ids.indexOf(id))))
  }

  const filled = JSON.stringify(walk(resource, type)).replaceAll(/"\ue002|\ue002"/g, '')
  const pieces = filled.split(/\ue000\d+\ue001/)
  const order = [...filled.matchAll(/\ue000(\d+)\ue001/g)].map(([, slot]) => slots[Number(slot)]!)
  return {
    type,
    idIndex: ids.indexOf(resource['id'] as string),
    fill(person) {
      let result = pieces[0]!
      for (let i = 0; i < order.length; i++) result += order[i]!(person) + pieces[i + 1]!
      return result
    },
  }
}

const VARIED_NUMBERS = /^Observation\.(?:component\.)?valueQuantity\.value$|\.total\.value$/
const VARIED_DIGITS =
  /^(?:Patient|Practitioner|ImagingStudy)\.(?:identifier|telecom)\.value$|^ImagingStudy\..*uid$/

/** Up to a fifth more or less, with as many decimals. */
function nearby(value: number): Slot {
  const decimals = /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0
  return ({ chance }) => {
    const factor = 0.8 + chance() * 0.4
    return decimals > 6 ? String(value * factor) : String(Number((value * factor).toFixed(decimals)))
  }
}

function moved(time: string, byMs: number): string {
  const to = new Date(Date.parse(time) + byMs).toISOString()
  if (time.length === 10) return to.slice(0, 10)
  return `${time.includes('.') ? to.slice(0, 23) : to.slice(0, 19)}+00:00`
}

function otherDigits(value: string, { chance }: Person): string {
  return value.replaceAll(/[1-9]/g, () => String(1 + Math.floor(chance() * 9)))
}
