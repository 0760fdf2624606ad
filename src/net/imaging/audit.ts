/** What the audit trail says of DICOM: machines by AE title and address, objects by UID. DICOM PS3.15 §A.5 */
import { type IncomingInstance, isUid, type Sender, Status, type StoreResult } from '../../dicom/index.ts'
import { imagingStudyId } from '../../mapping/index.ts'
import type { AuditRow, Indexed, Outcome } from '../../store/index.ts'
import type { DimseAccess } from '../dimse/index.ts'
import type { DescribedInstance } from './describe.ts'
import type { ImagingChannel } from './settings.ts'

/** An echo, or an association that was refused. */
export function accessRow({ what, sender, code }: DimseAccess, at: number): AuditRow {
  return {
    ...rowOf(sender, what, at),
    action: 'E',
    outcome: what === 'c-echo' ? 0 : 4,
    detail: {
      association: sender.association,
      called: sender.calledAeTitle,
      ...(code !== undefined && { code }),
    },
  }
}

/** An object that was indexed, or found to be there already. */
export function storedRow(
  { sender, sopInstanceUid }: IncomingInstance,
  { studyUid, patient }: DescribedInstance,
  indexed: Indexed,
  status: number,
  { mapping }: ImagingChannel,
  at: number,
): AuditRow {
  const isConflict = 'studyPatient' in indexed && indexed.studyPatient !== patient
  return {
    ...rowOf(sender, 'c-store', at),
    action: indexed.did === 'stored' ? 'C' : 'U',
    outcome: status === Status.success ? 0 : 4,
    entities: [{ type: 'ImagingStudy', id: imagingStudyId(studyUid, mapping) }],
    patients: [patient],
    detail: {
      status,
      did: indexed.did,
      instance: sopInstanceUid,
      association: sender.association,
      ...(indexed.did === 'differs' && { kept: indexed.digest }),
      ...(isConflict && { conflict: 'patient-differs', studyPatient: indexed.studyPatient }),
    },
  }
}

/** An object that was not kept. Whose it is may not be known, so no patient is named. */
export function refusedRow(
  { sender, sopInstanceUid }: IncomingInstance,
  { status, comment }: StoreResult,
  at: number,
): AuditRow {
  return {
    ...rowOf(sender, 'c-store', at),
    action: 'C',
    outcome: 8,
    detail: {
      status,
      ...(comment !== undefined && { code: comment }),
      ...(isUid(sopInstanceUid) && { instance: sopInstanceUid }),
      association: sender.association,
    },
  }
}

/** The resources that a study became; none when nothing changed. */
export function projectedRows(outcomes: readonly Outcome[], channel: ImagingChannel, at: number): AuditRow[] {
  const written = outcomes.filter(({ did }) => did !== 'unchanged')
  if (written.length === 0) return []
  return [
    {
      at,
      kind: 'dicom',
      interaction: 'project-study',
      action: written.some(({ did }) => did === 'created') ? 'C' : 'U',
      outcome: 0,
      agent: { id: `passerelle/${channel.mapping.channel}`, kind: 'system' },
      entities: written.map(({ type, id, version }) => ({ type, id, version })),
      patients: outcomes.filter(({ type }) => type === 'Patient').map(({ id }) => id),
    },
  ]
}

function rowOf(sender: Sender, interaction: string, at: number) {
  const id = sender.callingAeTitle === '' ? 'unknown' : sender.callingAeTitle
  return {
    at,
    kind: 'dicom',
    interaction,
    agent: { id, kind: 'device', address: sender.address },
    entities: [],
    patients: [],
  } as const
}
