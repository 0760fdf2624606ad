/** PN → HumanName, one for each representation. PS3.5 §6.2.1, HL7 extension iso21090-EN-representation */
import { namesOf, parseNameGroup, type Dataset, type PersonName, type TagName } from '../../dicom/index.ts'
import type { JsonObject } from '../../kernel/json.ts'

const REPRESENTATION = 'http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation'

const GROUPS = [
  ['Alphabetic', 'ABC'],
  ['Ideographic', 'IDE'],
  ['Phonetic', 'SYL'],
] as const

/** The names of an attribute; the representation is only said where there is more than one, or another than alphabetic. */
export function humanNames(dataset: Dataset, name: TagName): JsonObject[] {
  return namesOf(dataset, name).flatMap(humanNamesOf)
}

function humanNamesOf(person: PersonName): JsonObject[] {
  const groups = GROUPS.flatMap(([group, code]) => {
    const components = parseNameGroup(person[group] ?? '')
    return components === undefined ? [] : [{ code, components }]
  })
  return groups.map(({ code, components: { family, given, middle, prefix, suffix } }) => {
    const givens = [given, middle].filter((part) => part !== undefined)
    return {
      ...((groups.length > 1 || code !== 'ABC') && { extension: [{ url: REPRESENTATION, valueCode: code }] }),
      ...(family !== undefined && { family }),
      ...(givens.length > 0 && { given: givens }),
      ...(prefix !== undefined && { prefix: [prefix] }),
      ...(suffix !== undefined && { suffix: [suffix] }),
    }
  })
}

/** How people say it: prefix, given names, family name, suffix; the first representation there is. */
export function displayName(person: PersonName): string | undefined {
  const components = parseNameGroup(person.Alphabetic ?? person.Ideographic ?? person.Phonetic ?? '')
  if (components === undefined) return undefined
  const { family, given, middle, prefix, suffix } = components
  return [prefix, given, middle, family, suffix].filter((part) => part !== undefined).join(' ')
}
