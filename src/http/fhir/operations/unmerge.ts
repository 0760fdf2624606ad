/**
 * $unmerge, on the record that was merged or on the visit or account that was moved: takes it back. What it moved and nobody changed since goes back; what
 * was changed since stays with the survivor and is named. For administrators.
 */
import { parametersResource, valueParameter } from '../../../fhir/index.ts'
import type { Operation } from './operation.ts'

export const unmerge: Operation = {
  name: 'unmerge',
  definition: 'urn:passerelle:operation:unmerge',
  summary: 'Take a merge or a move back',
  levels: ['instance'],
  types: ['Patient', 'Encounter', 'Account'],
  affectsState: true,
  parameters: [],
  role: 'admin',
  async run({ reassignments, clock }, { request }) {
    const { type, id, caller } = request
    const undone = await reassignments.undo(caller.tenant, { type, id, at: clock.now(), agent: caller.agent })
    const { record, restored, kept, keptCount } = undone
    const parameters = [
      valueParameter('survivor', 'Reference', { reference: `${record.type}/${record.to}` }),
      valueParameter('restored', 'integer', restored),
      valueParameter('changedSince', 'integer', keptCount),
      ...kept.map((reference) => valueParameter('kept', 'Reference', { reference })),
    ]
    const patients = record.type === 'Patient' ? [record.from, record.to] : []
    return {
      status: 200,
      body: JSON.stringify(parametersResource(parameters)),
      seen: { entities: [record.from, record.to].map((each) => ({ type: record.type, id: each })), patients },
    }
  },
}
