/** The code systems and value sets of the definitions package, cut down to what says which codes there are. */
import type {
  CodeSystem,
  CodeSystemConcept,
  CodeSystemConceptProperty,
  ValueSet,
  ValueSetComposeInclude,
  ValueSetExpansionContains,
} from '@medplum/fhirtypes'
import { resourcesOf } from '../fhir-definitions/package.ts'

/** R4's own, HL7 v3's and HL7 v2's. */
const FILES = ['valuesets', 'v3-codesystems', 'v2-tables']

/** Examples in the specification's text, of nobody's use: their names would only be in the way. */
const EXAMPLES = /^http:\/\/hl7\.org\/fhir\/(?:CodeSystem|ValueSet)\/example(?:-|$)/

/** What the package's maker added. */
const CODES_NOT_IN_R4: ReadonlyMap<string, string> = new Map([
  ['http://hl7.org/fhir/questionnaire-item-control', 'multi-select'],
])

/** Lines of the data file: [type, url, version, url of the value set that holds all of a code system, resource]. */
export type TerminologyLine = readonly [
  type: 'CodeSystem' | 'ValueSet',
  url: string,
  version: string,
  valueSet: string,
  resource: object,
]

export function buildTerminology(): TerminologyLine[] {
  const systems = FILES.flatMap((file) => resourcesOf<CodeSystem>(file, 'CodeSystem')).map(systemLine)
  const sets = FILES.flatMap((file) => resourcesOf<ValueSet>(file, 'ValueSet')).map(setLine)
  const lines = [...systems, ...sets].filter(([, url]) => !EXAMPLES.test(url))
  return lines.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]) || compare(a[2], b[2]))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function systemLine({ url, version, valueSet, ...system }: CodeSystem): TerminologyLine {
  const { content, caseSensitive, hierarchyMeaning, concept } = system
  return [
    'CodeSystem',
    url!,
    version ?? '',
    valueSet ?? '',
    {
      content,
      ...(caseSensitive === false && { caseSensitive }),
      ...(hierarchyMeaning && { hierarchyMeaning }),
      ...(concept && { concept: conceptsOf(concept, CODES_NOT_IN_R4.get(url!)) }),
    },
  ]
}

/** Properties that tell nothing of the codes' meaning or place. */
const PROPERTIES_LEFT_OUT: ReadonlySet<string | undefined> = new Set(['deprecationDate'])

function conceptsOf(concepts: readonly CodeSystemConcept[], leftOut?: string): object[] {
  return concepts.filter(({ code }) => code !== leftOut).map((concept) => conceptOf(concept, leftOut))
}

function conceptOf({ code, display, property, concept }: CodeSystemConcept, leftOut?: string): object {
  const kept = property?.filter((each) => !isLeftOut(each)) ?? []
  return {
    code,
    ...(display !== undefined && display !== code && { display }),
    ...(kept.length > 0 && { property: kept }),
    ...(concept && { concept: conceptsOf(concept, leftOut) }),
  }
}

function isLeftOut({ code, valueBoolean }: CodeSystemConceptProperty): boolean {
  return PROPERTIES_LEFT_OUT.has(code) || (code === 'notSelectable' && valueBoolean === false)
}

function setLine({ url, version, compose, expansion }: ValueSet): TerminologyLine {
  return [
    'ValueSet',
    url!,
    version ?? '',
    '',
    {
      ...(compose && {
        compose: {
          ...(compose.inactive === false && { inactive: false }),
          include: compose.include.map(includeOf),
          ...(compose.exclude && { exclude: compose.exclude.map(includeOf) }),
        },
      }),
      ...(expansion && { expansion: { contains: expansion.contains?.map(containsOf) } }),
    },
  ]
}

/** The codes of code systems that R4 does not hold keep their text: it is nowhere else. */
function includeOf({ system, version, concept, filter, valueSet }: ValueSetComposeInclude): object {
  return {
    ...(system && { system }),
    ...(version && { version }),
    ...(concept && {
      concept: concept.map(({ code, display }) => ({ code, ...(display && { display }) })),
    }),
    ...(filter && { filter: filter.map(({ property, op, value }) => ({ property, op, value })) }),
    ...(valueSet && { valueSet }),
  }
}

function containsOf({ system, code, display, abstract, contains }: ValueSetExpansionContains): object {
  return {
    ...(system && { system }),
    ...(code && { code }),
    ...(display && { display }),
    ...(abstract && { abstract }),
    ...(contains && { contains: contains.map(containsOf) }),
  }
}
