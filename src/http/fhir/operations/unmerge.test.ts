import { afterAll, beforeAll, expect, test } from 'vitest'

import { exactJsonOf, type JsonObject } from '../../../kernel/json.ts'
import { commitIdentified } from '../../../store/index.ts'
import { testStore } from '../../../store/testing.ts'
import { startFhir, type TestFhir } from '../fixture.ts'

let fhir: TestFhir
let admin: Record<string, string>
beforeAll(async () => {
  fhir = await startFhir()
  admin = { authorization: `Bearer ${fhir.database.tenantKey}~cruds~~admin` }
})
afterAll(() => fhir[Symbol.asyncDispose]())

/** As a message does it. */
async function merge(from: string, to: string): Promise<void> {
  const { db, tenant } = fhir.database
  const { repository, reassignments } = testStore(db)
  const said: Record<string, JsonObject> = {
    [from]: { active: false, link: [{ type: 'replaced-by', other: { reference: `Patient/${to}` } }] },
    [to]: { link: [{ type: 'replaces', other: { reference: `Patient/${from}` } }] },
  }
  const identified = {
    wanted: [],
    reassignments: [{ does: 'merge', type: 'Patient', from, to } as const],
    changesFor: () =>
      [from, to].map((id) => ({
        type: 'Patient',
        id,
        make: (current: { exact: JsonObject } | undefined) => exactJsonOf({ ...current?.exact, ...said[id] }),
      })),
  }
  const agent = { id: 'ADT|HOSP', kind: 'device' } as const
  await commitIdentified(repository, tenant, identified, {
    reassign: { reassignments, now: Date.now(), agent, source: 'urn:passerelle:lab#1' },
  })
}

test('an administrator takes a merge back, and is told what went back and what stays', async () => {
  for (const id of ['old', 'new']) await fhir.call('PUT', `/Patient/${id}`, { resourceType: 'Patient', id })
  for (const id of ['a', 'b'])
    await fhir.call('PUT', `/Basic/${id}`, {
      resourceType: 'Basic',
      id,
      code: { text: 'note' },
      subject: { reference: 'Patient/old' },
    })
  await merge('old', 'new')
  const moved = await fhir.call('GET', '/Basic/b')
  expect(moved.json).toMatchObject({ subject: { reference: 'Patient/new' } })
  await fhir.call('PUT', '/Basic/b', { ...moved.json, code: { text: 'changed' } })

  const path = '/Patient/old/$unmerge'
  expect((await fhir.call('POST', path)).status).toBe(403)
  const undone = await fhir.call('POST', path, undefined, admin)
  expect(undone.json).toMatchObject({
    resourceType: 'Parameters',
    parameter: [
      { name: 'survivor', valueReference: { reference: 'Patient/new' } },
      { name: 'restored', valueInteger: 1 },
      { name: 'changedSince', valueInteger: 1 },
      { name: 'kept', valueReference: { reference: 'Basic/b' } },
    ],
  })
  expect((await fhir.call('GET', '/Basic/a')).json).toMatchObject({ subject: { reference: 'Patient/old' } })
  expect((await fhir.call('GET', '/Patient/old')).json).not.toHaveProperty('link')
  expect((await fhir.call('POST', path, undefined, admin)).status).toBe(404)
})
