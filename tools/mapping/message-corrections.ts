/** Where our message tables differ from the official ones on purpose. */
import type { MessageTableRow } from './rows.ts'

export interface MessageCorrection {
  readonly map?: string | RegExp
  readonly path?: string | RegExp
  readonly target?: string | RegExp
  readonly segmentMap?: string | RegExp
  readonly condition?: string
  readonly use?: Partial<MessageTableRow>
  /** A condition beside the official one. */
  readonly also?: string
  readonly leaveOut?: string
  readonly because?: string
}

const ONE = 'one Provenance a message'

export const messageCorrections: readonly MessageCorrection[] = [
  {
    segmentMap: 'NK1[RelatedPerson]',
    also: 'switch next-of-kin in ("both", "related-person")',
    because: 'a choice of the receiver',
  },
  {
    segmentMap: 'NK1[Patient]',
    condition: 'IF NK1-3.1 IN',
    because: 'who is no relative is a contact whatever the switch says',
  },
  {
    segmentMap: 'NK1[Patient]',
    also: 'switch next-of-kin in ("both", "contact")',
    because: 'a choice of the receiver',
  },
  { segmentMap: 'MSH[Provenance-Source]', use: { to: 'Provenance[1]', references: '' }, because: ONE },
  { segmentMap: 'EVN[Provenance]', use: { to: 'Provenance[1]', references: '' }, because: ONE },
  { segmentMap: 'ORC[Provenance]', use: { to: 'Provenance[1]', references: '' }, because: ONE },
  { segmentMap: /^SFT\[/, leaveOut: ONE },
  { segmentMap: 'PID[Account]', use: { when: 'PID-18 valued' }, because: 'no account without a number' },
  {
    segmentMap: 'PV1[Coverage]',
    use: {
      to: 'Coverage[visit]',
      when: 'PV1-20 valued and switch coverage-from-financial-class = "on"',
      references: 'Coverage[visit].beneficiary = Patient[1]',
    },
    because: 'not the Coverage of IN1',
  },
  {
    segmentMap: 'DG1[Condition]',
    map: /^(ADT|SIU)/,
    use: { references: 'Condition[1].subject = Patient[1]; Condition[1].encounter = Encounter[1]' },
    because: 'the visit of the diagnosis',
  },
  {
    segmentMap: 'PR1[Procedure]',
    use: { references: 'Procedure.subject = Patient[1]; Procedure.encounter = Encounter[1]' },
    because: 'the visit of the procedure',
  },
  {
    segmentMap: 'DG1[Encounter]',
    use: {
      references: 'Encounter[1].diagnosis.condition = Condition[1]',
      when: 'PV1 valued and switch diagnosis-of-encounter = "on"',
    },
    because: 'not without a visit',
  },
  {
    segmentMap: 'DG1[EpisodeOfCare]',
    use: {
      references:
        'EpisodeOfCare[1].patient = Patient[1]; EpisodeOfCare[1].diagnosis.condition = Condition[1]',
      when: 'PV1-54 valued and switch diagnosis-of-episode = "on"',
    },
    because: 'its own rows make the reference',
  },
  {
    target: /\.note$/,
    use: { to: 'Observation[2]', map: 'NTE[Observation]' },
    map: /^(ORU_R01)$/,
    because: 'notes of an observation',
  },
  {
    target: 'Observation[1].note',
    use: { to: 'Observation[1]', map: 'NTE[Observation]' },
    because: 'notes of an observation',
  },
  {
    target: 'Observation[2].note',
    use: { to: 'Observation[2]', map: 'NTE[Observation]' },
    because: 'notes of an observation',
  },
  {
    map: 'ORM_O01',
    target: 'ServiceRequest[1].note',
    use: { to: 'ServiceRequest[1]', when: 'RXO absent' },
    because: 'an order of a drug is no ServiceRequest',
  },
  { target: 'ServiceRequest[1].note', use: { to: 'ServiceRequest[1]' }, because: 'the table fills the note' },
  {
    map: 'ORM_O01',
    target: /^ServiceRequest\[1\]\.reasonReference/,
    use: {
      to: 'Condition[1]',
      references:
        'Condition[1].subject = Patient[1]; ServiceRequest[1].reasonReference = Condition[1]; MedicationRequest[1].reasonReference = Condition[1]',
    },
    because: 'a reference of the order',
  },
  { target: /^SupplyRequest/, leaveOut: 'no table makes a SupplyRequest' },
  { target: /^Immunization\[1\]\.performer/, leaveOut: 'RXA-10 and ORC-12 say what the performer did' },
  {
    segmentMap: 'OBR[Specimen]',
    map: 'ORU_R01',
    use: {
      when: 'SPM absent and (OBR-9 valued or OBR-10 valued or OBR-14 valued or OBR-15 valued)',
      references:
        'DiagnosticReport[1].specimen = Specimen[1]; Specimen[1].subject = Patient[1]; Specimen[1].request = ServiceRequest[1]',
    },
    because: 'a specimen where OBR speaks of one and SPM does not',
  },
  {
    segmentMap: 'OBR[Specimen]',
    use: {
      to: 'Specimen[1]',
      when: 'SPM absent and (OBR-9 valued or OBR-10 valued or OBR-14 valued or OBR-15 valued)',
      references: 'ServiceRequest[1].specimen = Specimen[1]; Specimen[1].subject = Patient[1]',
    },
    because: 'a specimen where OBR speaks of one and SPM does not',
  },
  {
    segmentMap: 'SPM[Specimen]',
    map: 'ORU_R01',
    use: {
      references:
        'DiagnosticReport[1].specimen = Specimen[n]; Specimen[n].subject = Patient[1]; Specimen[n].request = ServiceRequest[1]',
    },
    because: 'whose specimen it is',
  },
  {
    segmentMap: 'SPM[Specimen]',
    map: 'OML_O21',
    use: {
      to: 'Specimen[n]',
      references: 'ServiceRequest[1].specimen = Specimen[n]; Specimen[n].subject = Patient[1]',
    },
    because: 'whose specimen it is',
  },
  {
    map: 'ORU_R01',
    path: /ORDER_OBSERVATION\.COMMON_ORDER\.ORC$/,
    target: 'DiagnosticReport[1]',
    use: {
      references: 'DiagnosticReport[1].subject = Patient[1]; DiagnosticReport[1].encounter = Encounter[1]',
    },
    because: 'whose report it is',
  },
  {
    map: 'ORU_R01',
    path: /ORDER_OBSERVATION\.COMMON_ORDER\.ORC$/,
    target: 'ServiceRequest[1]',
    use: {
      references:
        'DiagnosticReport[1].basedOn = ServiceRequest[1]; ServiceRequest[1].subject = Patient[1]; ServiceRequest[1].encounter = Encounter[1]',
      when: 'switch service-request-from-oru = "on"',
    },
    because: 'whose order it is',
  },
  {
    map: 'ORU_R01',
    path: /ORDER_OBSERVATION\.OBR$/,
    target: 'DiagnosticReport[1]',
    use: {
      references: 'DiagnosticReport[1].subject = Patient[1]; DiagnosticReport[1].encounter = Encounter[1]',
    },
    because: 'ORC may be left out',
  },
  {
    map: 'ORU_R01',
    path: /ORDER_OBSERVATION\.OBR$/,
    target: 'ServiceRequest[1]',
    use: {
      references:
        'DiagnosticReport[1].basedOn = ServiceRequest[1]; ServiceRequest[1].subject = Patient[1]; ServiceRequest[1].encounter = Encounter[1]',
      when: '(ORC valued or OBR-2 valued) and switch service-request-from-oru = "on"',
    },
    because: 'ORC may be left out',
  },
  {
    map: 'ORU_R01',
    target: 'PractitionerRole[6]',
    use: { references: 'Specimen[n].collection.collector = PractitionerRole[6]' },
    because: 'the path in R4',
  },
  {
    map: 'ORU_R01',
    path: /ORDER_OBSERVATION\.PRT$/,
    target: 'PractitionerRole[3]',
    use: { references: 'ServiceRequest[1].requester = PractitionerRole[3]' },
    because: 'a report has no requester',
  },
  {
    map: 'OML_O21',
    target: 'PractitionerRole[4]',
    use: { references: 'Specimen[n].collection.collector = PractitionerRole[4]' },
    because: 'the path in R4',
  },
  {
    map: 'OML_O21',
    segmentMap: 'IN1[Coverage]',
    use: { references: 'Coverage[1].beneficiary = Patient[1]' },
    because: 'the patient is the beneficiary',
  },
  {
    map: 'ORM_O01',
    segmentMap: /^OBX\[/,
    use: {
      references:
        'ServiceRequest[1].supportingInfo = Observation[1]; MedicationRequest[1].supportingInformation = Observation[1]; Observation[1].subject = Patient[1]',
    },
    because: 'a drug may be what was ordered',
  },
  {
    map: 'ORM_O01',
    segmentMap: 'ORC[ServiceRequest]',
    use: {
      when: 'RXO absent',
      references: 'ServiceRequest[1].subject = Patient[1]; ServiceRequest[1].encounter = Encounter[1]',
    },
    because: 'the visit of the order; an order of a drug is no ServiceRequest',
  },
  {
    map: 'ORM_O01',
    segmentMap: 'OBR[ServiceRequest]',
    use: {
      when: 'PID valued',
      references: 'ServiceRequest[1].subject = Patient[1]; ServiceRequest[1].encounter = Encounter[1]',
    },
    because: 'the visit of the order',
  },
  {
    map: 'ORM_O01',
    segmentMap: 'RXO[MedicationRequest]',
    use: {
      to: 'MedicationRequest[1]',
      references: 'MedicationRequest[1].subject = Patient[1]; MedicationRequest[1].encounter = Encounter[1]',
    },
    because: 'whose order it is',
  },
  {
    map: 'OML_O21',
    segmentMap: 'ORC[ServiceRequest]',
    use: { references: 'ServiceRequest[1].subject = Patient[1]; ServiceRequest[1].encounter = Encounter[1]' },
    because: 'the visit of the order',
  },
  {
    map: 'MDM_T02',
    segmentMap: 'ORC[ServiceRequest]',
    use: { references: 'ServiceRequest[1].subject = Patient[1]; ServiceRequest[1].encounter = Encounter[1]' },
    because: 'the visit of the order',
  },
  {
    map: 'MDM_T02',
    segmentMap: 'TXA[DocumentReference]',
    use: {
      references:
        'DocumentReference[1].subject = Patient[1]; DocumentReference[1].context.encounter = Encounter[1]; DocumentReference[1].context.related = ServiceRequest[1]',
    },
    because: 'whose document it is',
  },
  {
    map: 'VXU_V04',
    segmentMap: 'ORC[Immunization]',
    use: { references: 'Immunization[1].patient = Patient[1]; Immunization[1].encounter = Encounter[1]' },
    because: 'a slip in the type',
  },
  {
    map: 'VXU_V04',
    segmentMap: 'RXA[Immunization]',
    use: { references: 'Immunization[1].patient = Patient[1]; Immunization[1].encounter = Encounter[1]' },
    because: 'ORC may be left out',
  },
  {
    map: 'VXU_V04',
    path: /ORDER\.OBSERVATION\.OBX$/,
    segmentMap: 'OBX[Observation]',
    use: {
      to: 'Observation[2]',
      when: 'OBX-5 count <= 1 or OBX-2 = "NA"',
      references: 'Observation[2].subject = Patient[1]; Observation[2].partOf = Immunization[1]',
    },
    because: 'one value or an array',
  },
  {
    map: 'VXU_V04',
    path: /ORDER\.OBSERVATION\.OBX$/,
    use: {
      to: 'Observation[2]',
      references: 'Observation[2].subject = Patient[1]; Observation[2].partOf = Immunization[1]',
    },
    because: 'part of the immunization',
  },
  {
    map: 'SIU_S12',
    segmentMap: 'SCH[ServiceRequest]',
    use: {
      to: 'ServiceRequest[1]',
      references: 'Appointment[1].basedOn = ServiceRequest[1]; ServiceRequest[1].subject = Patient[1]',
    },
    because: 'one order of an appointment',
  },
  {
    map: 'SIU_S12',
    segmentMap: 'AIS[ServiceRequest]',
    use: { to: 'ServiceRequest[1]' },
    because: 'one order of an appointment',
  },
  {
    map: 'SIU_S12',
    segmentMap: 'NTE[Appointment-Comment]',
    use: { references: '' },
    because: 'the patient is set once',
  },
  {
    map: 'ORU_R01',
    path: /ORDER_OBSERVATION\.OBSERVATION\.OBX$/,
    condition: 'NOT IN ("QST", "SCI")',
    use: {
      references:
        'DiagnosticReport[1].result = Observation[2]; Observation[2].subject = Patient[1]; Observation[2].encounter = Encounter[1]; Observation[2].basedOn = ServiceRequest[1]; Observation[2].specimen = Specimen[n]; Observation[2].specimen = Specimen[1]',
    },
    because: 'its order and its specimen',
  },
  {
    map: 'ORU_R01',
    condition: 'AND OBX-29 AND OBX-29 IN',
    use: {
      when: 'OBX-5 count > 1 and OBX-2 != "NA" and OBX-29 in ("QST", "SCI")',
      references: 'ServiceRequest[1].supportingInfo = Observation[2]; Observation[2].subject = Patient[1]',
    },
    because: 'a word too many',
  },
]
