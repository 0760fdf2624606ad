/**
 * Where our tables differ from the official ones on purpose. Each entry names official rows (table, source, target) and
 * says what we use instead, or why we use nothing. Typing slips and writing habits are not here: targets.ts and
 * conditions.ts read through those.
 */
import type { OfficialRule } from './official.ts'
import type { RuleRow } from './rows.ts'

export interface RuleCorrection {
  readonly map: string | RegExp
  readonly source?: string | RegExp
  readonly target?: string | RegExp
  readonly condition?: string
  readonly use?: Partial<RuleRow> | ((official: OfficialRule) => Partial<RuleRow>)
  /** Why no row of ours stands for it. */
  readonly leaveOut?: string
  readonly because?: string
}

const ATTACHMENT = 'extension("http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.value").valueAttachment'
const SUB_ID = 'extension("http://hl7.org/fhir/StructureDefinition/observation-v2-subid")'
const ASSEMBLY_ORDER = 'extension("http://hl7.org/fhir/StructureDefinition/humanname-assembly-order")'

const ONE_PROVENANCE = 'one Provenance a message, made by us'
const NO_MESSAGE = 'resources are kept, not FHIR messages'
const BY_FUNCTION = 'read by the function of another row'
const ASSIGNER = 'the authority is kept as system and assigner.display'
const COMPUTED = 'times computed from other times are not invented'
const REFERENCE = 'the reference is set by the message table'

/** Whole tables. */
const TABLES: readonly RuleCorrection[] = [
  { map: /^MSH\[(Bundle|MessageHeader)\]$|^(MSA|SFT|MSG)\[MessageHeader\]$|^HD\[MessageHeader/, leaveOut: NO_MESSAGE },
  { map: /^(MSG\[Coding\]|PT\[Meta\])$/, leaveOut: NO_MESSAGE },
  { map: /^MSH\[Provenance-Transformation\]$|^PID\[Provenance-Patient\]$|^(SCH|TXA)\[Provenance\]$/, leaveOut: ONE_PROVENANCE },
  { map: 'MSH[Provenance-Operator]', leaveOut: ONE_PROVENANCE },
  { map: 'PID[Appointment]', leaveOut: REFERENCE },
  { map: 'PV1[Basic-EncounterHistory]', leaveOut: 'the versions of an Encounter are its history' },
  { map: 'EI[Condition]', leaveOut: 'an identifier of another Condition is not followed' },
  { map: 'CWE[Duration]', leaveOut: 'R4 has no such element' },
  { map: 'NA[SampledData]', leaveOut: 'SampledData needs an origin and a period, which NA does not carry' },
  { map: 'CX[RelatedPerson-Mother]', leaveOut: 'the identifier of the mother alone makes no person' },
  { map: /^RI\[Timing\]$/, source: 'RI-2', use: { from: 'RI.2' }, because: 'a component of RI' },
]

const IDENTIFIERS: readonly RuleCorrection[] = [
  { map: 'CX[Identifier]', source: 'CX.4', target: 'system', use: { when: '', type: '@system(1)' }, because: 'the condition names a web page' },
  { map: 'CX[Identifier]', source: 'CX.5', use: { to: 'type', type: 'ID[CodeableConcept]' }, because: 'the code needs its system' },
  { map: /^XCN\[(Practitioner|Patient|RelatedPerson)\]$/, source: 'XCN.13', use: { to: 'identifier[1].type', type: 'ID[CodeableConcept]' }, because: 'the code needs its system' },
  { map: /^XCN\[(Practitioner|Patient)\]$/, source: 'XCN.9', target: 'identifier[1].system', use: { type: '@system(1)' }, because: 'OID, UUID and namespace become one kind of system' },
  { map: /^XON\[/, source: 'XON.6', target: 'identifier[1].system', use: { type: '@system(1)' }, because: 'OID, UUID and namespace become one kind of system' },
  { map: 'XON[Organization]', source: 'XON.7', target: 'identifier.type.coding.code', use: { to: 'identifier[1].type', type: 'ID[CodeableConcept]' }, because: 'one identifier, and the code needs its system' },
  { map: 'XON[Location]', source: 'XON.7', target: 'identifier[1].type.coding.code', use: { to: 'identifier[1].type', type: 'ID[CodeableConcept]' }, because: 'the code needs its system' },
  { map: /^XON\[(Organization|Location)\]$/, source: 'XON.7', leaveOut: 'the vocabulary gives the system' },
  { map: 'XON[Organization]', source: 'XON.3', target: 'identifier.value', use: { to: 'identifier[1].value' }, because: 'the same identifier as the rest of XON' },
  { map: 'XON[Organization]', source: 'XON.10', target: 'identifier.value', use: { to: 'identifier[1].value' }, because: 'the same identifier as the rest of XON' },
  { map: /^EI\[/, target: /^assigner\(/, leaveOut: ASSIGNER },
  { map: 'EI[Identifier-System]', source: 'EI.1', use: { to: 'value' }, because: 'the table makes an Identifier' },
  { map: 'EI[Identifier-System]', source: 'EI.2', use: { from: 'EI', type: '@system(2)' }, because: 'OID, UUID and namespace become one kind of system' },
  { map: 'EI[Identifier-System]', source: 'EI.3', leaveOut: BY_FUNCTION },
  { map: 'EI[Identifier-System]', source: 'EI.4', leaveOut: BY_FUNCTION },
  { map: 'EI[Coding]', source: 'EI.2', use: { from: 'EI', type: '@system(2)' }, because: 'a system is a URI' },
  { map: /^EIP\[/, target: 'value', use: { to: '$this', type: 'EI[Identifier-Extension]' }, because: 'each half is an EI with its authority' },
  { map: 'HD[Organization]', source: 'HD.2', target: 'identifier[2].value', use: { from: 'HD', value: '', type: '@uri' }, because: 'a value in urn:ietf:rfc:3986 is a URI' },
  { map: 'HD[Device]', source: 'HD.2', target: 'identifier[2].value', use: { from: 'HD', value: '', type: '@uri' }, because: 'a value in urn:ietf:rfc:3986 is a URI' },
  { map: 'HD[Identifier]', source: 'HD.1', use: { to: 'value' }, because: 'value is no list' },
  { map: 'HD[Identifier]', source: 'HD.2', use: { to: 'value', when: 'HD.1 absent' }, because: 'value is no list' },
  { map: 'HD[Identifier]', source: 'HD.3', leaveOut: 'the kind of identifier does not say what it is for' },
  { map: 'HD[Location]', source: 'HD.2', target: /^physicalType/, use: { from: 'HD' }, because: 'a site also without a universal id' },
  { map: 'DLN[Identifier]', source: 'DLN.2', use: { type: '@codeSystem' }, because: 'a system is a URI' },
]

const CODES: readonly RuleCorrection[] = [
  { map: 'CWE[Identifier]', target: /name$/, leaveOut: 'an Identifier has no name' },
  { map: 'CWE[Identifier]', source: 'CWE.13', use: { from: 'CWE.12', type: '@codeSystem' }, because: 'component 12 names the system' },
  { map: 'CWE[Identifier]', target: /system$/, use: { type: '@codeSystem' }, because: 'a system is a URI' },
  { map: 'CWE[Observation-SupportingInfo]', source: 'CWE.13', use: { from: 'CWE.12', type: '@codeSystem' }, because: 'component 12 names the system' },
  { map: 'CWE[Observation-SupportingInfo]', target: 'code', leaveOut: 'no code is invented' },
  { map: 'CWE[Device]', target: /^deviceName\[\d\]\.type$/, use: { value: '"user-friendly-name"' }, because: 'the table leaves the choice open' },
  { map: 'CWE[Device]', target: /^definition.*system\)$/, use: { type: '@codeSystem', value: '' }, because: 'a system is a URI' },
  { map: 'CWE[Quantity]', source: 'CWE.3', leaveOut: BY_FUNCTION },
  { map: 'CWE[Quantity]', source: 'CWE.1', target: 'Quantity.code', use: { from: 'CWE', to: '$this', when: '', type: '@unit' }, because: 'a code needs UCUM' },
  { map: 'CWE[Quantity]', leaveOut: BY_FUNCTION },
  { map: /^(CWE|CE|CNE|CF)\[/, target: /system$/, use: { type: '@codeSystem', value: '' }, because: 'a system is a URI' },
  { map: 'CWE[Annotation]', source: 'CWE', use: { type: 'CWE[string]', value: '' }, because: 'delimiters are no text' },
  { map: 'CQ[Quantity]', source: 'CQ.2', use: { to: '$this', type: 'CWE[Quantity]' }, because: 'a code needs UCUM' },
  { map: 'CQ[unsignedInt]', use: { from: 'CQ', type: '@minutes', value: '' }, because: 'an offset is in minutes' },
  { map: 'CQ[code]', use: { type: '@durationUnit' }, because: 'a code of UCUM is needed' },
  { map: 'RI[Timing]', source: 'RI-1', use: { from: 'RI.1', type: 'IS[CodeableConcept]' }, because: 'a CodeableConcept' },
  { map: 'RPT[Timing]', source: 'RPT.1', use: { type: 'CWE[CodeableConcept]' }, because: 'a CodeableConcept' },
  { map: 'RPT[Timing]', target: /dayOfWeek/, use: { type: '@dayOfWeek', value: '' }, because: 'the number is a day' },
  { map: 'RPT[Timing]', source: 'RPT.6', use: { type: '@durationUnit' }, because: 'a code of UCUM is needed' },
  { map: 'RPT[Timing]', source: 'RPT.9', leaveOut: 'the offset needs its unit' },
  { map: 'MSG[code]', use: { to: '$value' }, because: 'a primitive' },
]

const TEXTS: readonly RuleCorrection[] = [
  { map: /^(DTM|TS|DR)\[/, use: { value: '' }, because: 'dates are converted by type' },
  { map: 'XPN[string]', use: { from: 'XPN', to: '$value', type: '@personName', value: '' }, because: 'the parts in their order' },
  { map: 'XPN[HumanName]', source: 'XPN.1', use: { to: '$this' }, because: 'FN fills the name' },
  { map: 'XPN[HumanName]', source: 'XPN.11', target: /url$/, leaveOut: 'part of the path of the value' },
  { map: 'XPN[HumanName]', source: 'XPN.11', use: { to: `${ASSEMBLY_ORDER}.valueCode` }, because: 'the name itself' },
  { map: 'XPN[HumanName]', target: /^\[1\]\./, use: ({ target }) => ({ to: target.slice(4) }), because: 'the name itself' },
  { map: 'XCN[Patient]', source: 'XCN.7', use: { to: 'name.suffix[2]' }, because: 'a bracket' },
  { map: /^XCN\[(PractitionerRole|Annotation-Author)\]$/, source: 'XCN.1', use: ({ map }) => ({ from: 'XCN', to: map === 'XCN[PractitionerRole]' ? 'practitioner>Practitioner' : 'authorReference>Practitioner', type: 'XCN[Practitioner]' }), because: 'one table for practitioners' },
  { map: /^XCN\[(PractitionerRole|Annotation-Author)\]$/, leaveOut: 'read by XCN[Practitioner]' },
  { map: /^XCN\[/, source: 'XCN.18', target: /valueCode/, use: { to: `name.${ASSEMBLY_ORDER}.valueCode` }, because: 'the extension belongs to the name' },
  { map: 'XAD[Address]', source: 'XAD.1', use: { to: '$this', type: 'SAD[Address]' }, because: 'SAD fills the address' },
  { map: 'XAD[Address]', source: 'XAD.7', target: 'use', use: { when: 'XAD.7 in ("BA", "BI", "C", "B", "H", "O", "P", "RH", "TM", "V")' }, because: 'FHIR has a use for these too' },
  { map: 'XAD[Address]', source: 'XAD.7', target: /^extension\[2\]/, leaveOut: 'the extension has no name' },
  { map: 'XAD[Address]', source: 'XAD.10', target: /valueCode$/, use: { to: 'extension("http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract").valueString' }, because: 'the extension holds a string' },
  { map: 'XTN[ContactPoint]', source: 'XTN.1', use: { when: '(XTN.3 in ("Internet", "X.400") and XTN.4 absent) or (not XTN.3 in ("Internet", "X.400") and XTN.7 absent and XTN.12 absent)' }, because: 'older senders put an e-mail address in XTN.1' },
  { map: 'XTN[ContactPoint]', source: 'XTN.2', use: { type: '', when: 'XTN.2 != "NET"' }, because: 'the vocabulary gives the code' },
  { map: 'XTN[ContactPoint]', source: 'XTN.3', target: 'system', condition: 'XTN.4 VALUED', use: { from: 'XTN.4', type: '', to: 'system?', when: 'XTN.3 absent' }, because: 'the row speaks of XTN.4' },
  { map: 'XTN[ContactPoint]', source: 'XTN.3', target: 'system', use: { type: '' }, because: 'the vocabulary gives the code' },
  { map: 'XTN[ContactPoint]', source: 'XTN.3', target: /absent-reason/, leaveOut: 'a number without a kind is a telephone number' },
  { map: 'XTN[ContactPoint]', source: 'XTN.4', use: { when: 'XTN.3 in ("Internet", "X.400") or (XTN.3 absent and XTN.1 absent)' }, because: 'XTN.3 may be left out' },
  { map: 'XTN[ContactPoint]', source: 'XTN.7', target: 'value', condition: 'XTN.5 NOT VALUED AND XTN.6 VALUED AND XTN.7 VALUED AND XTN.8 NOT', use: { from: 'XTN', when: 'XTN.7 valued and XTN.12 absent and not XTN.3 in ("Internet", "X.400")', type: '@phoneNumber', value: '' }, because: 'whichever parts are there' },
  { map: 'XTN[ContactPoint]', source: 'XTN.7', target: 'value', leaveOut: BY_FUNCTION },
  { map: 'XTN[ContactPoint]', source: 'XTN.18', use: { type: '' }, because: 'converted by type' },
  { map: /^ED\[/, source: 'ED.2', leaveOut: BY_FUNCTION },
  { map: /^ED\[/, source: 'ED.3', use: { from: 'ED', type: '@contentType' }, because: 'type and subtype make the media type' },
  { map: /^ED\[/, source: 'ED.5', use: { from: 'ED', type: '@base64', value: '' }, because: 'ED.4 says how it is encoded' },
  { map: 'FT[Annotation-Comment]', use: { from: 'FT' }, because: 'the whole' },
]

const QUANTITIES: readonly RuleCorrection[] = [
  { map: 'NM[Quantity]', use: { to: 'value' }, because: 'the table makes a Quantity' },
  { map: 'NM[Quantity-LengthOfStay]', target: 'system', use: { value: '"http://unitsofmeasure.org"' }, because: 'the URL of UCUM' },
  { map: 'SN[Quantity]', source: 'SN.1', use: { when: 'SN.1 in ("<", "<=", ">=", ">")' }, because: 'FHIR has four comparators' },
  { map: 'SN[Ratio]', source: 'SN.1', use: { when: 'SN.1 in ("<", "<=", ">=", ">")' }, because: 'FHIR has four comparators' },
  { map: 'OG[Extension-Subidentifier]', target: /\.url$/, leaveOut: 'part of the path of the value' },
  { map: 'OG[Extension-Subidentifier]', source: 'OG.1', use: { to: `${SUB_ID}.extension("original-sub-identifier").valueString` }, because: 'the extension is complex' },
  { map: 'OG[Extension-Subidentifier]', source: 'OG.2', use: { to: `${SUB_ID}.extension("group").valueDecimal` }, because: 'the extension is complex' },
  { map: 'OG[Extension-Subidentifier]', source: 'OG.3', use: { to: `${SUB_ID}.extension("sequence").valueDecimal` }, because: 'the extension is complex' },
  { map: 'OG[Extension-Subidentifier]', source: 'OG.4', use: { to: `${SUB_ID}.extension("identifier").valueString` }, because: 'the extension is complex' },
  { map: 'TQ[MedicationRequest]', target: /occurrenceTiming/, use: ({ target }) => ({ to: target.replace('occurrenceTiming', 'dosageInstruction.timing') }), because: 'a MedicationRequest has its timing in dosageInstruction' },
]

const LOCATIONS: readonly RuleCorrection[] = [
  { map: 'PL[Location]', target: /partOf/, leaveOut: 'each level is part of the next one that was sent' },
  { map: 'PL[Location]', target: '[4].location(Location.mode)', use: { to: '[4].mode' }, because: 'the level itself' },
  { map: 'PL[Location]', target: '[4].location(Location.physicalType.coding.code)', use: { to: '[4].physicalType.coding.code', value: '"wa"' }, because: 'a ward' },
  { map: 'PL[Location]', target: '[4].location(Location.physicalType.coding.system)', use: { to: '[4].physicalType.coding.system' }, because: 'the level itself' },
  { map: 'PL[Location]', source: 'PL.9', use: { to: '[1].description', when: 'PL.3 valued' }, because: 'no bed is made for a description' },
  { map: 'PL[Location]', source: 'PL.10', target: '[5].identifier[2]', condition: 'IF PL.1 VALUE AND', use: { to: '[4].identifier[2]' }, because: 'the point of care is level 4' },
  { map: 'PL[Location]', source: 'PL.10', target: '[4].identifier[2]', condition: 'IF PL.7', use: { to: '[5].identifier[2]' }, because: 'the building is level 5' },
  { map: 'PL[Location]', source: 'PL.10', condition: 'PL.11', leaveOut: 'PL.10 is the same identifier with PL.11 and without' },
  { map: 'PL[Location]', source: 'PL.11', leaveOut: ASSIGNER },
  { map: 'NDL[PractitionerRole]', source: /^NDL\.(4|5|6|7|8|10|11)$/, leaveOut: 'where the person worked is not kept with the result' },
]

const PATIENT: readonly RuleCorrection[] = [
  { map: 'PID[Patient]', source: 'PID-12', target: 'address[2].district', leaveOut: 'no address is made of a district alone' },
  { map: 'PID[Patient]', source: 'PID-19', target: 'identifier[4].system', use: { when: 'switch social-security-number = "us"', value: '"http://hl7.org/fhir/sid/us-ssn"' }, because: 'only a number of the United States has this system' },
  { map: 'PID[Patient]', target: 'local implementation', leaveOut: 'differs by country; none in Europe' },
  { map: 'PID[Patient]', source: 'PID-21', leaveOut: 'the identifier of the mother alone makes no person' },
  { map: 'PD1[Observation-LivingWill]', source: 'PD1-7', use: { type: 'CWE[CodeableConcept]' }, because: 'a CodeableConcept' },
  { map: 'NK1[Patient]', source: 'NK1-2', use: { from: 'NK1-2[1]' }, because: 'a contact has one name' },
  { map: 'NK1[Patient]', source: 'NK1-4', use: { from: 'NK1-4[1]' }, because: 'a contact has one address' },
  { map: 'NK1[RelatedPerson]', source: 'NK1-37', target: 'identifier[3].system', use: { when: 'switch social-security-number = "us"' }, because: 'only a number of the United States has this system' },
]

const ENCOUNTER: readonly RuleCorrection[] = [
  { map: 'PV1[Encounter]', source: 'PV1-2', target: 'status', use: { to: 'status?', type: 'CWE[code]' }, because: 'the class says what the status is when the event does not' },
  { map: 'PV1[Encounter]', source: 'PV1-8', target: /individual/, use: { value: '' }, because: 'a misplaced constant' },
  { map: 'PV1[Encounter]', source: 'PV1-19', target: 'identifier[1].type.text', leaveOut: 'the code says it' },
  { map: 'PV1[Encounter]', source: 'PV1-37', use: { value: '' }, because: 'the reference is made by the path' },
  { map: 'PV1[Encounter]', source: 'PV1-40', use: { type: 'ID[Coding]' }, because: 'a Coding' },
  { map: 'PV1[Encounter]', source: 'PV1-42', target: /location\(Location\)/, use: { value: '' }, because: 'the constant belongs to the next row' },
  { map: 'PV1[Encounter]', source: 'PV1-42', target: 'location[4].status', use: { value: '"reserved"' }, because: 'the constant stood one row above' },
  { map: 'PV2[Encounter]', source: 'PV2-9', target: 'extension[2].valueDateTime', use: { to: 'extension("http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate").valueDateTime' }, because: 'a slip in the url' },
  { map: 'PV2[Encounter]', source: 'PV2-12', leaveOut: 'a narrative is not made of a comment' },
  { map: 'PV2[Encounter]', source: 'PV2-13', use: ({ target }) => ({ to: target.replace('participant.', 'participant[1].').replace('(Practitioner)', '>Practitioner') }), because: 'each doctor has a role' },
  { map: 'PV2[Encounter]', source: 'PV2-22', leaveOut: 'yes or no is no security label' },
  { map: 'ROL[Encounter-PractitionerRole]', source: 'ROL-1', target: 'participant[1].individual.reference', leaveOut: 'an identifier is no reference' },
  { map: 'ROL[Encounter-PractitionerRole]', source: 'ROL-1', use: { to: 'participant[1].individual>PractitionerRole.identifier', type: 'EI[Identifier-Extension]' }, because: 'an EI' },
  { map: 'ROL[CareTeam]', source: 'ROL-4', target: /Patient|RelatedPerson/, leaveOut: 'who is in a ROL is taken for a practitioner' },
  { map: 'ROL[CareTeam]', source: 'ROL-10', leaveOut: 'a kind of organization alone makes no organization' },
  { map: 'PRT[CareTeam]', target: /coveragePeriod/, use: ({ target }) => ({ to: target.replace('coveragePeriod', 'period') }), because: 'the name in R4' },
  { map: 'PRT[CareTeam]', target: /RelatedPerson/, leaveOut: 'who is in a PRT is taken for a practitioner' },
  { map: 'PRT[CareTeam]', target: /PractitionerRole\.address/, use: { to: 'participant[3].member>PractitionerRole.practitioner>Practitioner.address' }, because: 'a role has no address' },
  { map: /^PRT\[Patient-General/, target: 'Operation', leaveOut: 'the message is taken as a whole' },
  { map: 'PRT[Observation-Location]', source: 'PRT-14', target: /valueReference/, use: { to: 'extension("http://hl7.org/fhir/StructureDefinition/event-location").valueReference>Location.address' }, because: 'the address of that location' },
]

const DIAGNOSES: readonly RuleCorrection[] = [
  { map: 'DG1[Condition]', source: 'DG1-19', target: /valueDateTime/, use: { to: 'extension("http://hl7.org/fhir/StructureDefinition/condition-assertedDate").valueDateTime' }, because: 'the url of the extension' },
  { map: /^DG1\[(Encounter|EpisodeOfCare)\]$/, target: /^diagnosis\.condition/, leaveOut: 'the Condition is made by DG1[Condition]' },
  { map: /^DG1\[/, source: 'DG1-21', use: { when: 'DG1-21 = "D"' }, because: 'only a deletion is an error' },
  { map: /^DG1\[/, source: 'DG1-22', leaveOut: 'an identifier of another Condition is not followed' },
  { map: /^(AL1|IAM)\[AllergyIntolerance\]$/, source: /^(AL1|IAM)-5$/, use: { to: 'reaction.manifestation', type: 'ST[CodeableConcept]' }, because: 'a CodeableConcept' },
  { map: 'IAM[AllergyIntolerance]', source: 'IAM-14', condition: 'SEL', leaveOut: 'the patient is known from PID' },
  { map: 'PR1[Procedure]', source: 'PR1', use: { value: '"unknown"' }, because: 'the message does not say' },
  { map: 'PR1[Procedure]', source: 'PR1-7', leaveOut: COMPUTED },
  { map: 'PR1[Procedure]', source: 'PR1-16', leaveOut: 'a modifier is no code of a procedure' },
  { map: 'PR1[Procedure]', source: 'PR1-25', leaveOut: 'an identifier of another Procedure is not followed' },
  { map: 'IN1[Coverage]', source: 'IN1-16', condition: 'NOT', use: { to: 'subscriber>RelatedPerson.name', when: 'IN1-17.1 != "SEL"', type: 'XPN[HumanName]' }, because: 'SEL is the code for the patient' },
  { map: 'IN1[Coverage]', source: 'IN1-16', leaveOut: 'the subscriber is the beneficiary' },
  { map: 'IN1[Coverage]', source: 'IN1-10', target: /policyHolder/, leaveOut: 'the number of a policy holder alone makes no organization' },
  { map: 'IN3[CareTeam]', leaveOut: 'a role without a person' },
]

const RESULTS: readonly RuleCorrection[] = [
  { map: 'OBX[Observation]', source: 'OBX-5', target: 'valueQuantity.value', use: { to: 'valueQuantity', when: 'OBX-2 = "NM" and OBX-5 numeric' }, because: 'what is no number is kept as text' },
  { map: 'OBX[Observation-Component]', source: 'OBX-5', target: 'component[each].valueQuantity', use: { when: 'OBX-2 = "NM" and OBX-5 numeric' }, because: 'what is no number is kept as text' },
  { map: 'OBX[Observation]', source: 'OBX-6', condition: '"NM"', use: { when: 'OBX-2 = "NM" and OBX-5 numeric' }, because: 'a unit needs a number' },
  { map: 'OBX[Observation-Component]', source: 'OBX-6', condition: '"NM"', use: { when: 'OBX-2 = "NM" and OBX-5 numeric' }, because: 'a unit needs a number' },
  { map: /^OBX\[Observation/, source: 'OBX-5', condition: 'IN ("ST", "FT", "TX")', use: { when: 'OBX-2 in ("ST", "FT", "TX") or OBX-2 absent', type: '@text' }, because: 'without a type a value is text; a separator in it is text too' },
  { map: /^OBX\[Observation/, source: 'OBX-5', condition: '"DTM", "DT"', use: { when: 'OBX-2 in ("DTM", "DT", "TS")' }, because: 'the name until version 2.5' },
  { map: /^OBX\[Observation/, source: 'OBX-5', target: /valueString/, condition: '"SN"', use: { type: '@structuredNumeric', value: '' }, because: 'the parts with one space between' },
  { map: 'OBX[Observation]', source: 'OBX-5', condition: '"NA"', use: { to: 'valueString', type: '@text' }, because: 'SampledData needs an origin and a period, which NA does not carry' },
  { map: 'OBX[Observation]', source: 'OBX-5', target: 'extension[1].valueAttachment', condition: '"ED"', use: { to: ATTACHMENT, when: 'OBX-2 = "ED" and switch attachment = "extension"' }, because: 'whichever encoding ED.4 names' },
  { map: 'OBX[Observation]', source: 'OBX-5', target: 'extension[1].valueAttachment', condition: '"RP"', use: { to: ATTACHMENT, when: 'OBX-2 = "RP" and switch attachment = "extension"', type: 'RP[Attachment]' }, because: 'a reference pointer is no encapsulated datum' },
  { map: 'OBX[Observation-Component]', source: 'OBX-5', target: 'component[each].extension[1].valueAttachment', use: ({ condition }) => ({ to: `component[each].${ATTACHMENT}`, when: condition.includes('"ED"') ? 'OBX-2 = "ED"' : 'OBX-2 = "RP"' }), because: 'whichever encoding ED.4 names' },
  { map: /^OBX\[Observation/, source: 'OBX-10', target: /uri$/, leaveOut: 'part of the path of the value' },
  { map: /^OBX\[Observation/, source: 'OBX-10', use: { to: 'extension("http://hl7.org/fhir/StructureDefinition/observation-nature-of-abnormal-test").valueCodeableConcept' }, because: 'the url stood in a wrong element' },
  { map: /^OBX\[Observation/, source: 'OBX-11', target: /^dataAbsentReason/, use: ({ target }) => ({ to: target.replace('coding[2]', 'coding'), when: 'OBX-11 = "N" and OBX-5 absent' }), because: 'a reason for absence only where no value is' },
  { map: 'OBX[Observation]', source: 'OBX-15', target: 'performer[2](PractitionerRole)', leaveOut: 'the producer is an organization' },
  { map: /^OBX\[Observation/, source: 'OBX-19', target: /url$/, leaveOut: 'part of the path of the value' },
  { map: /^OBX\[Observation/, source: 'OBX-19', target: /valueDateTime$/, use: { to: 'extension("http://hl7.org/fhir/StructureDefinition/observation-analysis-date-time").valueDateTime' }, because: 'the url stood among the comments' },
  { map: 'OBX[Observation-Component]', source: 'OBX-16', target: /Practitioner\)/, use: { type: 'XCN[Practitioner]' }, because: 'the target is the practitioner' },
  { map: 'OBX[Observation-Component]', source: 'OBX-23', target: 'performer[2](Organization)', use: { when: 'OBX-25 absent' }, because: 'as for a single value' },
  { map: 'OBX[Observation-Component]', source: 'OBX-24', target: 'performer[2](Organization.address)', use: { when: 'OBX-25 absent' }, because: 'as for a single value' },
  { map: /^OBX\[Observation/, source: 'OBX-25', target: /practitioner\)$|\(PractitionerRole\)$/, use: { to: 'performer[2]>PractitionerRole.practitioner>Practitioner', type: 'XCN[Practitioner]' }, because: 'the practitioner of that role' },
  { map: /^OBX\[Observation/, source: 'OBX-25', target: /coding\.(code|value)/, use: { to: 'performer[2]>PractitionerRole.code.coding.code' }, because: 'a slip in the path' },
  { map: /^OBX\[Observation/, source: 'OBX-29', target: /system$/, use: { value: '"http://terminology.hl7.org/CodeSystem/v2-0936"' }, because: 'the table of OBX-29' },
  { map: /^OBX\[Observation/, source: 'OBX-30', leaveOut: 'the extension is not defined' },
  { map: /^OBX\[Observation/, source: 'OBX-33', condition: '>1', leaveOut: 'an observation has one specimen in R4' },
  { map: 'OBX[DocumentReference]', condition: '"FT"', target: /data$/, use: { to: 'content[2].attachment.data', type: '@textBase64' }, because: 'the attachment holds it' },
  { map: 'OBX[DocumentReference]', condition: '"TX"', target: /data$/, use: { to: 'content[4].attachment.data', type: '@textBase64' }, because: 'the attachment holds it' },
  { map: 'OBX[DocumentReference]', target: /contentType$/, use: ({ target }) => ({ to: target.replace('.contentType', '.attachment.contentType'), value: '"text/plain;charset=utf-8"' }), because: 'the attachment holds it, and plain text is its type' },
  { map: 'OBX[DocumentReference]', condition: '"RP"', use: { to: 'content[3].attachment', type: 'RP[Attachment]' }, because: 'the attachment holds it' },
]

const ORDERS: readonly RuleCorrection[] = [
  { map: 'ORC[DiagnosticReport]', source: 'ORC-2', target: 'basedOn(ServiceRequest)', leaveOut: REFERENCE },
  { map: 'ORC[DiagnosticReport]', source: 'ORC-4', use: ({ target }) => ({ to: target === 'identifier[3]' ? 'identifier[3]' : 'identifier[4]', when: 'switch placer-group-number = "EIP"' }), because: 'as in the order' },
  { map: 'ORC[Immunization]', source: 'ORC-4', use: { when: 'switch placer-group-number = "EIP"' }, because: 'as in the order' },
  { map: /^ORC\[(ServiceRequest|MedicationAdministration)\]$/, source: 'ORC-1', target: /^extension/, leaveOut: 'the extension is not defined' },
  { map: 'ORC[ServiceRequest]', source: 'ORC-9', target: /^extension/, leaveOut: 'the extension is not defined' },
  { map: 'ORC[ServiceRequest]', source: 'ORC-1', target: 'intent', use: { from: 'ORC' }, because: 'an order also without a control code' },
  { map: 'ORC[ServiceRequest]', source: 'ORC-1', target: 'status', use: { when: 'ORC-5 absent and ORC-1 != "RE"' }, because: 'a result to follow is no state of the order' },
  { map: 'ORC[ServiceRequest]', source: /^ORC-(2|3|33)$/, use: { when: '' }, because: 'OBR gives way to ORC; both giving way loses the number' },
  { map: 'ORC[ServiceRequest]', source: 'ORC-4', target: /^requisition/, use: ({ target }) => ({ to: target.replace(/\[\d\]/, '') }), because: 'requisition is no list' },
  { map: 'ORC[ServiceRequest]', source: 'ORC-4', condition: 'ORC-4.2', use: ({ target }) => (target.endsWith('value') ? { from: 'ORC-4.2' } : {}), because: 'the filler group number is the second half' },
  { map: 'ORC[ServiceRequest]', source: 'ORC-38', target: 'identifier[5].value', use: { to: 'identifier[5]', type: 'EI[Identifier-Extension]' }, because: 'an EI with its authority' },
  { map: 'ORC[ServiceRequest]', source: 'ORC-12', use: { to: 'requester>PractitionerRole.practitioner>Practitioner' }, because: 'the practitioner of that role' },
  { map: 'ORC[Provenance]', source: 'ORC-1', leaveOut: ONE_PROVENANCE },
  { map: 'ORC[Provenance]', source: 'ORC-9', leaveOut: ONE_PROVENANCE },
  { map: 'ORC[Provenance]', source: 'ORC-28', leaveOut: 'the label belongs to the order' },
  { map: 'EVN[Provenance]', source: 'EVN', leaveOut: ONE_PROVENANCE },
  { map: 'EVN[Provenance]', source: 'EVN-2', leaveOut: ONE_PROVENANCE },
  { map: 'EVN[Provenance]', source: 'EVN-4', condition: 'IS "U"', leaveOut: 'an unknown reason is no reason' },
  { map: 'EVN[Provenance]', source: 'EVN-5', use: { to: 'agent[operator].who>Practitioner', vocabulary: '' }, because: 'an operator id is no code' },
  { map: 'MSH[Provenance-Source]', source: 'MSH', leaveOut: ONE_PROVENANCE },
  { map: 'MSH[Provenance-Source]', source: /^MSH-(3|7|9)$/, leaveOut: ONE_PROVENANCE },
  { map: 'OBR[ServiceRequest]', source: 'OBR-11', condition: '"A"', use: { value: '"order"' }, because: 'R4 has no code for an added test' },
  { map: 'OBR[ServiceRequest]', source: 'OBR-13', target: /url$/, leaveOut: 'R4 has no CodeableReference' },
  { map: 'OBR[ServiceRequest]', source: 'OBR-13', use: { to: 'note[clinical].text', type: 'CWE[string]' }, because: 'R4 has no CodeableReference' },
  { map: 'OBR[ServiceRequest]', source: 'OBR-17', target: /url$/, leaveOut: 'part of the path of the value' },
  { map: 'OBR[ServiceRequest]', source: 'OBR-17', use: { to: 'extension("http://hl7.org/fhir/StructureDefinition/servicerequest-order-callback-phone-number").valueContactPoint' }, because: 'the extension of ORC-14' },
  { map: 'OBR[Specimen]', source: 'OBR-2', use: { type: 'EI[Identifier-Extension]' }, because: 'OBR-2 is an EI' },
  { map: 'OBR[Specimen]', source: 'OBR-13', target: /Concept/, use: { type: 'CWE[CodeableConcept]' }, because: 'a CodeableConcept' },
  { map: 'OBR[Specimen]', source: 'OBR-13', leaveOut: 'a duration in words is not guessed' },
  { map: 'OBR[Specimen]', source: 'OBR-39', use: { type: 'CWE[Annotation]' }, because: 'an Annotation' },
  { map: /^NTE\[(ServiceRequest|Observation)\]$/, source: 'NTE-3', use: { type: '@lines' }, because: 'repetitions are lines' },
  { map: 'NTE[Appointment-Comment]', source: 'NTE-3', target: /valueAnnotation/, use: { to: 'comment', type: '@lines' }, because: 'an Appointment has a comment' },
  { map: 'NTE[Appointment-Comment]', leaveOut: 'an Appointment has one comment without an author' },
  { map: 'NTE[DocumentReference]', source: 'NTE-3', target: /data$/, use: { to: 'description', type: '@lines' }, because: 'a comment describes the document' },
  { map: 'NTE[DocumentReference]', leaveOut: 'a comment is no content' },
  { map: 'SPM[Specimen]', source: 'SPM-32', target: 'identifier[3].type.coding.code', use: { value: '"FILL"' }, because: 'the constant was left out' },
  { map: 'SPM[Specimen]', source: 'SPM-31', use: { to: 'identifier[4]' }, because: 'another identifier than SPM-2' },
  { map: /^TQ1\[/, source: 'TQ1-6', condition: 'TQ1-7 AND', use: ({ map }) => ({ to: map === 'TQ1[ServiceRequest]' ? 'occurrenceTiming.repeat.boundsDuration' : 'dosageInstruction.timing.repeat.boundsDuration' }), because: 'bounds are in repeat' },
  { map: /^TQ1\[/, source: 'TQ1-6', leaveOut: COMPUTED },
  { map: 'TQ1[ServiceRequest]', source: 'TQ1-5', use: { to: 'occurrenceTiming.repeat.offset' }, because: 'a slip in the path' },
  { map: 'TQ1[MedicationRequest]', source: 'TQ1-11', use: { to: 'note.text' }, because: 'text is the narrative' },
  { map: /^TQ1\[/, source: 'TQ1-9', use: { type: 'CWE[code]' }, because: 'a code' },
  { map: 'RXO[MedicationRequest]', target: 'dosageInstruction.doseAndRate[1].type', leaveOut: 'the code is not in the value set' },
  { map: 'RXO[MedicationRequest]', source: 'RXO-5', use: { to: 'medicationReference>Medication.form' }, because: 'the name in R4' },
  { map: 'RXO[MedicationRequest]', source: 'RXE-19', leaveOut: 'a field of RXE' },
  { map: 'RXO[MedicationRequest]', source: 'RXO-26', use: ({ target }) => (target.endsWith('code') ? { type: 'CWE[code]' } : {}), because: 'a code' },
  { map: 'RXR[MedicationRequest]', source: /^RXR-[12]$/, use: { type: 'CWE[CodeableConcept]' }, because: 'a CodeableConcept' },
  { map: 'SFT[Device]', target: 'type', leaveOut: 'no code for software' },
]

const APPOINTMENTS: readonly RuleCorrection[] = [
  { map: /^AI[GLPS]\[/, source: /^(AIG-9|AIG-11|AIL-7|AIL-9|AIP-7|AIP-9|AIS-5|AIS-7)$/, leaveOut: COMPUTED },
  { map: 'AIS[Appointment]', source: 'AIS-4', use: { to: 'start?' }, because: 'the service is no participant' },
  { map: 'AIS[Appointment]', source: 'AIS-10', use: { to: 'status?', type: 'CWE[code]' }, because: 'a code' },
  { map: /^AI[PGL]\[Appointment\]$/, source: 'AIP-4', use: { value: '' }, because: 'the value set is no value' },
  { map: 'AIP[Appointment]', source: 'AIP-12', leaveOut: 'no vocabulary is given' },
  { map: 'SCH[Appointment]', source: /^SCH-(12|16)$/, target: /coding\.code$/, use: ({ source }) => ({ to: source === 'SCH-12' ? 'participant[1].type.text' : 'participant[2].type.text', value: source === 'SCH-12' ? '"placer contact"' : '"filler contact"' }), because: 'no code exists' },
  { map: 'SCH[Appointment]', source: /^SCH-(12|16)$/, target: /coding\.system$/, leaveOut: 'no code exists' },
  { map: 'SCH[Appointment]', source: 'SCH-20', target: /coding\.code$/, use: { to: 'participant[3].type.coding.code', value: '"enterer"' }, because: 'a constant without quotes' },
  { map: 'SCH[Appointment]', source: 'SCH-20', target: /coding\.system$/, use: { to: 'participant[3].type.coding.system', value: '"http://terminology.hl7.org/CodeSystem/provenance-participant-type"' }, because: 'a constant without quotes' },
  { map: 'SCH[Appointment]', source: /^SCH-(26|27)$/, leaveOut: REFERENCE },
  { map: 'SCH[ServiceRequest]', source: 'SCH-25', leaveOut: 'the status of an appointment is not that of an order' },
  { map: /^PRT\[Device\]$/, target: /^udiCarrier/, use: { to: '$this' }, because: 'the table fills the carrier' },
  { map: 'SCH[ServiceRequest]', source: 'SCH-26', use: { type: 'EI[Identifier-Extension]' }, because: 'an EI' },
  { map: 'SCH[ServiceRequest]', source: 'SCH-6', use: { from: 'SCH' }, because: 'an order also without a reason' },
]

export const ruleCorrections: readonly RuleCorrection[] = [
  ...TABLES,
  ...IDENTIFIERS,
  ...CODES,
  ...TEXTS,
  ...QUANTITIES,
  ...LOCATIONS,
  ...PATIENT,
  ...ENCOUNTER,
  ...DIAGNOSES,
  ...RESULTS,
  ...ORDERS,
  ...APPOINTMENTS,
]

