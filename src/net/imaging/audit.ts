/** What the audit trail says of DICOM: machines by AE title and address. DICOM PS3.15 §A.5 */
import type { Sender } from '../../dicom/index.ts'
import type { AuditRow } from '../../store/index.ts'

export function auditRow(
  sender: Sender,
  interaction: string,
  at: number,
): Pick<AuditRow, 'at' | 'kind' | 'interaction' | 'agent'> {
  const id = sender.callingAeTitle === '' ? 'unknown' : sender.callingAeTitle
  return { at, kind: 'dicom', interaction, agent: { id, kind: 'device', address: sender.address } }
}
