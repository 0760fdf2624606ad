/**
 * "The date range relates to care dates, not record currency dates": for each type, the parameter that says when care
 * was given. https://hl7.org/fhir/R4/patient-operation-everything.html
 */
import type { Criterion } from '../../../fhir/index.ts'
import type { Caller, FhirService } from '../interaction.ts'

/** In the order of preference; a type has the first of these that is a parameter of its own. */
const CARE_DATES = [
  'date',
  'onset-date',
  'effective-time',
  'effective',
  'whenhandedover',
  'authoredon',
  'authored',
  'started',
  'start-date',
  'collected',
  'sent',
  'identified',
  'datetime',
  'datewritten',
  'created',
]

/** Care within the period, or at no time that is known. */
export function careDates(
  service: FhirService,
  { tenant }: Caller,
  type: string,
  { start, end }: { start: string | undefined; end: string | undefined },
): Criterion[] {
  if (start === undefined && end === undefined) return []
  const known = service.searchParameters.of(type)
  const code = CARE_DATES.find((each) => known.get(each)?.type === 'date')
  if (code === undefined) return []
  const parse = (...pairs: [string, string][]) =>
    service.parseSearch(tenant, type, new URLSearchParams(pairs)).criteria
  const within: [string, string][] = []
  if (start !== undefined) within.push([code, `ge${start}`])
  if (end !== undefined) within.push([code, `le${end}`])
  return [{ by: 'any', of: [{ by: 'all', of: parse(...within) }, ...parse([`${code}:missing`, 'true'])] }]
}
