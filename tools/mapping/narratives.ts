/**
 * Where the official tables leave a choice to the implementer they say so in prose. Each such choice is a named switch
 * of ours (config/mapping/switches.tsv), or has one answer here.
 */
export type Narrative = { readonly when: string } | { readonly leaveOut: string }

const ALWAYS: Narrative = { when: '' }
const ONE_PROVENANCE = 'one Provenance a message, made by us'

const NARRATIVES: readonly (readonly [RegExp, Narrative])[] = [
  [/^If PRT-2 is valued to/, ALWAYS],
  [/may drop PID-33/, ALWAYS],
  [/^If there is a source in MSH-4/, ALWAYS],
  [/TQ\.3 can be unambiguously parsed/, { leaveOut: 'a duration in free text is not guessed' }],
  [/^If system$/, ALWAYS],
  [/^If organization$/, { leaveOut: 'the authority is kept as system and assigner.display' }],
  [/^If not in http/, { leaveOut: 'the authority is kept as system and assigner.display' }],
  [/severity was used equivalent/, { when: 'switch allergy-severity = "criticality"' }],
  [/severity was not used equivalent/, { when: 'switch allergy-severity = "severity"' }],
  [/^If kind identifier/, { when: 'switch device-identifier = "kind"' }],
  [/^If instance identifier/, { when: 'switch device-identifier = "instance"' }],
  [/ORC-4 data type "EIP"/, { when: 'switch placer-group-number = "EIP"' }],
  [/ORC-4 data type "EI"/, { when: 'switch placer-group-number = "EI"' }],
  [/^If positive/, ALWAYS],
  [/^If in context of the patient/, ALWAYS],
  [/^If in context of an encounter/, { when: 'switch diagnosis-of-encounter = "on"' }],
  [/^If in context of a episode/, { when: 'switch diagnosis-of-episode = "on"' }],
  [/^When the ROL includes/, { when: 'switch care-team-from-roles = "on"' }],
  [/^when you (do not )?hold on to/, { leaveOut: ONE_PROVENANCE }],
  [/^If the distribution was updated/, { leaveOut: ONE_PROVENANCE }],
  [/^If mapped to FHIR, use Code System/, ALWAYS],
  [/^If ORC-2 of the same/, { when: 'ORC-2 absent' }],
  [/^If ORC-3 of the same/, { when: 'ORC-3 absent' }],
  [/^Depending on ROL-3/, { when: 'switch care-team-from-roles = "on"' }],
  [/attribute using the HumanName/, ALWAYS],
  [/^Some observations about the immunization/, ALWAYS],
  [/^Map to Observation\.partOf/, ALWAYS],
  [/^Any markup in/, ALWAYS],
  [/FHIR R6/, { leaveOut: 'an extension of a later FHIR version' }],
  [/^If time is included/, ALWAYS],
  [/does not represent fasting/, { when: 'switch relevant-clinical-information = "note"' }],
  [/represents fasting status/, { when: 'switch relevant-clinical-information = "fasting-status"' }],
  [/represents fasting duration/, { when: 'switch relevant-clinical-information = "fasting-duration"' }],
  [/^If person level VIP/, { when: 'switch vip-of-person = "on"' }],
  [/^If in the US/, { when: 'switch social-security-number = "us"' }],
  [/^If outside the US/, { when: 'switch social-security-number = "other"' }],
  [/^If none of the other observations/, ALWAYS],
  [/^And if other observation/, { leaveOut: 'the attachment stays on the observation' }],
  [/^If line 19 through 23/, { leaveOut: 'no SN value is left over by the rows before it' }],
  [/^If a ServiceRequest needs/, { when: 'switch service-request-from-oru = "on"' }],
  [/implementation needs to decide/, ALWAYS],
  [/^Determine based on implementation context/, ALWAYS],
  [/^Determine which A/, ALWAYS],
  [/^Based on profiles, such as Vital/, ALWAYS],
  [/nature of the data being exchanged/, ALWAYS],
  [/^Only if the system wants to know about the order/, { when: 'switch service-request-from-vxu = "on"' }],
  [/^Only if the system wants to know about the encounter/, { when: 'switch encounter-from-vxu = "on"' }],
  [/^The value mapping depends/, ALWAYS],
  [/^If the placer number is also/, { when: 'switch accession-number = "placer"' }],
  [/^If only person information/, ALWAYS],
  [/^If it represents a HRF/, { when: 'switch participating-device = "udi-carrier"' }],
  [/^If not an HRF/, { when: 'switch participating-device = "identifier"' }],
  [/^If SCH-10 indicates/, { when: 'SCH-10.1 in ("min", "MIN", "M", "minutes", "mn")' }],
  [/^If IAM-15 is not valued/, ALWAYS],
  [/^If AIG-4 reflects/, { when: 'switch general-resource = "location"' }],
  [/must be valued to the seconds/, ALWAYS],
  [/^inactivate|^activate|^if mapped to a restful/, ALWAYS],
]

/** undefined: a narrative that nobody has decided on yet. */
export function decideNarrative(text: string): Narrative | undefined {
  if (text === '') return ALWAYS
  return NARRATIVES.find(([pattern]) => pattern.test(text))?.[1]
}
