/** Where our vocabulary tables differ from the official ones on purpose. */
import type { CodeTableRow } from './rows.ts'

export interface CodeCorrection {
  readonly map: string
  readonly code?: string
  readonly use?: Partial<Omit<CodeTableRow, 'code' | 'origin'>>
  readonly leaveOut?: string
  readonly because?: string
}

export const codeCorrections: readonly CodeCorrection[] = [
  { map: 'EventRelatedPeriod', code: 'IC', leaveOut: 'R4 has no such timing' },
  { map: 'EventRelatedPeriod', code: 'ICD', leaveOut: 'R4 has no such timing' },
  { map: 'EventRelatedPeriod', code: 'ICM', leaveOut: 'R4 has no such timing' },
  { map: 'EventRelatedPeriod', code: 'ICV', leaveOut: 'R4 has no such timing' },
  {
    map: 'TelecommunicationEquipmentType',
    code: 'CP',
    use: { target: 'phone' },
    because: 'mobile is a use, not a system',
  },
  {
    map: 'Event[EncounterStatus]',
    code: 'A04',
    use: { target: 'in-progress', display: 'In Progress' },
    because: 'who is registered is there',
  },
  { map: 'Event[EncounterStatus]', code: 'A08', leaveOut: 'an update does not say where the visit stands' },
]
