/**
 * Where the definitions package differs from FHIR R4 (4.0.1): it carries later versions' and its maker's own elements.
 * A test compares the result with the published R4 definitions where those are at hand.
 */
import type { ElementEntry } from '../../src/fhir/definitions/model.ts'

/** Not in R4: these elements, and what is below them. */
export const NOT_IN_R4: readonly string[] = [
  'Binary.url',
  'DeviceDefinition.classification',
  'DeviceDefinition.bodySite',
  'EvidenceVariable.characteristic.linkId',
  'EvidenceVariable.characteristic.note',
  'EvidenceVariable.characteristic.definitionReference',
  'EvidenceVariable.characteristic.definitionCanonical',
  'EvidenceVariable.characteristic.definitionCodeableConcept',
  'EvidenceVariable.characteristic.definitionExpression',
  'EvidenceVariable.characteristic.definitionId',
  'EvidenceVariable.characteristic.definitionByTypeAndValue',
  'EvidenceVariable.characteristic.definitionByCombination',
  'EvidenceVariable.characteristic.instances',
  'EvidenceVariable.characteristic.duration',
  'EvidenceVariable.characteristic.timeFromEvent',
  'HealthcareService.offeredIn',
  'Meta.account',
  'Meta.accounts',
  'Meta.author',
  'Meta.compartment',
  'Meta.deleted',
  'Meta.onBehalfOf',
  'Meta.project',
  'ObservationDefinition.publisher',
  'ResearchStudy.associatedParty',
  'ResearchStudy.classifier',
  'ResearchStudy.comparisonGroup',
  'ResearchStudy.descriptionSummary',
  'ResearchStudy.label',
  'ResearchStudy.name',
  'ResearchStudy.objective.description',
  'ResearchStudy.outcomeMeasure',
  'ResearchStudy.progressStatus',
  'ResearchStudy.recruitment',
  'ResearchStudy.region',
  'ResearchStudy.result',
  'ResearchStudy.studyDesign',
  'ResearchStudy.whyStopped',
]

/** As R4 has them: replaces what the package says of these properties. */
export const AS_IN_R4: Readonly<Record<string, Partial<ElementEntry>>> = {
  'AuditEvent.source.observer': {
    min: 1,
    types: [
      {
        code: 'Reference',
        targets: ['PractitionerRole', 'Practitioner', 'Organization', 'Device', 'Patient', 'RelatedPerson'],
      },
    ],
  },
  'Bundle.entry.response.outcome': { types: [{ code: 'Resource' }] },
  'DetectedIssue.status': { required: 'http://hl7.org/fhir/ValueSet/observation-status' },
  'EvidenceVariable.characteristic': { min: 1 },
  'EvidenceVariable.characteristic.description': { types: [{ code: 'string' }] },
  'EvidenceVariable.characteristic.definition': {
    min: 1,
    choice: true,
    summary: true,
    types: [
      { code: 'Reference', targets: ['Group'] },
      { code: 'canonical', targets: ['ActivityDefinition'] },
      { code: 'CodeableConcept' },
      { code: 'Expression' },
      { code: 'DataRequirement' },
      { code: 'TriggerDefinition' },
    ],
  },
  'EvidenceVariable.characteristic.usageContext': { max: '*', types: [{ code: 'UsageContext' }] },
  'EvidenceVariable.characteristic.participantEffective': {
    choice: true,
    types: [{ code: 'dateTime' }, { code: 'Period' }, { code: 'Duration' }, { code: 'Timing' }],
  },
  'EvidenceVariable.characteristic.timeFromStart': { types: [{ code: 'Duration' }] },
  'EvidenceVariable.characteristic.groupMeasure': {
    types: [{ code: 'code' }],
    required: 'http://hl7.org/fhir/ValueSet/group-measure',
  },
  'MeasureReport.subject': {
    types: [
      {
        code: 'Reference',
        targets: [
          'Patient',
          'Practitioner',
          'PractitionerRole',
          'Location',
          'Device',
          'RelatedPerson',
          'Group',
        ],
      },
    ],
  },
  'ResearchStudy.site': { types: [{ code: 'Reference', targets: ['Location'] }] },
}

/** Elements in R4's order, where the package has another: XML is written in this order. */
export const ORDER_IN_R4: Readonly<Record<string, readonly string[]>> = {
  'EvidenceVariable.characteristic': [
    'id',
    'extension',
    'modifierExtension',
    'description',
    'definition',
    'usageContext',
    'exclude',
    'participantEffective',
    'timeFromStart',
    'groupMeasure',
  ],
}

/** Invariants of later versions. */
export const INVARIANTS_NOT_IN_R4: ReadonlySet<string> = new Set(['evv-1'])

/** Search parameters that the package adds to R4's. */
export const PARAMETERS_NOT_IN_R4: ReadonlySet<string> = new Set([
  'http://hl7.org/fhir/SearchParameter/DetectedIssue-status',
  'http://hl7.org/fhir/SearchParameter/DeviceDefinition-classification',
  'http://hl7.org/fhir/SearchParameter/ServiceRequest-order-detail',
])

/** Reference targets of search parameters, as R4 has them. */
export const PARAMETER_TARGETS_IN_R4: Readonly<Record<string, readonly string[]>> = {
  'http://hl7.org/fhir/SearchParameter/MeasureReport-subject': [
    'Practitioner',
    'Group',
    'Device',
    'Patient',
    'PractitionerRole',
    'RelatedPerson',
    'Location',
  ],
  'http://hl7.org/fhir/SearchParameter/clinical-patient': ['Patient', 'Group'],
}
