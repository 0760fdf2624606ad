/** Code sequence items → Coding. PS3.3 §8, coding scheme designators by PS3.16 table 8-1 */
import { type Dataset, itemsOf, type TagName, textOf } from '../../dicom/index.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { regionOfSrt } from './body-part.ts'
import type { DicomMappingContext } from './context.ts'

export const SNOMED_CT = 'http://snomed.info/sct'
export const DCM = 'http://dicom.nema.org/resources/ontology/DCM'

const SCHEMES: Readonly<Record<string, string>> = {
  DCM,
  SCT: SNOMED_CT,
  LN: 'http://loinc.org',
  UCUM: 'http://unitsofmeasure.org',
  RADLEX: 'http://www.radlex.org',
  RADELEMENT: 'http://www.radelement.org',
  I9: 'http://hl7.org/fhir/sid/icd-9',
  I9C: 'http://hl7.org/fhir/sid/icd-9-cm',
  I10: 'http://hl7.org/fhir/sid/icd-10',
  ICD10: 'http://hl7.org/fhir/sid/icd-10',
  I10C: 'http://hl7.org/fhir/sid/icd-10-cm',
  I10P: 'http://www.cms.gov/Medicare/Coding/ICD10',
  ICDO3: 'http://terminology.hl7.org/CodeSystem/icd-o-3',
  C4: 'http://www.ama-assn.org/go/cpt',
  MDC: 'urn:iso:std:iso:11073:10101',
  RXNORM: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  ISO3166_1: 'urn:iso:std:iso:3166',
}

/** The codes of a sequence. `schemes`: (0008,0110) of the dataset, which says what private designators mean. */
export function codingsOf(
  dataset: Dataset | undefined,
  name: TagName,
  schemes: readonly Dataset[],
  context: DicomMappingContext,
): JsonObject[] {
  return itemsOf(dataset, name)
    .map((item) => codingOf(item, schemes, context))
    .filter((coding) => coding !== undefined)
}

function codingOf(
  item: Dataset,
  schemes: readonly Dataset[],
  context: DicomMappingContext,
): JsonObject | undefined {
  const urn = textOf(item, 'URNCodeValue')
  const code = textOf(item, 'CodeValue') ?? textOf(item, 'LongCodeValue') ?? urn
  const display = textOf(item, 'CodeMeaning')
  if (code === undefined) return display === undefined ? undefined : { display }
  const designator = textOf(item, 'CodingSchemeDesignator')
  const region = isSrt(designator) ? regionOfSrt(code) : undefined
  if (region !== undefined)
    return { system: SNOMED_CT, code: region, ...(display !== undefined && { display }) }
  const system = schemeSystem(item, designator, schemes, context)
  const version = textOf(item, 'CodingSchemeVersion')
  return {
    ...(system !== undefined && { system }),
    ...(version !== undefined && { version }),
    // A code may hold single spaces only.
    code: code.replaceAll(/\s+/g, ' '),
    ...(display !== undefined && { display }),
  }
}

/** What SNOMED codes were called before DICOM took the SCT ones. PS3.16 §8.1 */
function isSrt(designator: string | undefined): boolean {
  return designator === 'SRT' || designator === 'SNM3' || designator === '99SDM'
}

function schemeSystem(
  item: Dataset,
  designator: string | undefined,
  schemes: readonly Dataset[],
  context: DicomMappingContext,
): string | undefined {
  const configured = designator === undefined ? undefined : context.identifierSystems[designator]
  if (configured !== undefined) return configured
  const known = designator === undefined ? undefined : SCHEMES[designator.toUpperCase()]
  if (known !== undefined) return known
  const described = schemes.find((scheme) => textOf(scheme, 'CodingSchemeDesignator') === designator)
  const uid = textOf(item, 'CodingSchemeUID') ?? textOf(described, 'CodingSchemeUID')
  if (uid !== undefined && /^[0-9.]+$/.test(uid)) return `urn:oid:${uid}`
  return designator === undefined ? undefined : `urn:passerelle:ns:${encodeURIComponent(designator)}`
}
