/** An access for tests: a read of one Observation, unless told otherwise. */
import type { AuditRow } from '../store/index.ts'

export function accessRow(parts: Partial<AuditRow> = {}): AuditRow {
  return {
    at: Date.parse('2026-11-20T09:30:00.123Z'),
    kind: 'rest',
    interaction: 'read',
    action: 'R',
    outcome: 0,
    agent: { id: 'lab-client', kind: 'client', address: '192.0.2.7' },
    entities: [{ type: 'Observation', id: 'obs-1', version: 2 }],
    patients: ['pat-1'],
    ...parts,
  }
}
