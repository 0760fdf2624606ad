import { afterAll, beforeAll, expect, test } from 'vitest'

import { type TestDatabase, testDatabase } from '../../test/support/database.ts'
import { OWN, structure } from '../fhir/profiles/testing/structures.ts'
import { loadDefinitions, makeR4Content, makeTerminology, makeValidator } from '../fhir/index.ts'
import type { JsonObject } from '../kernel/json.ts'
import { makeResourceChecks, type ResourceChecks } from './checks.ts'
import type { Db } from './db.ts'
import { makeStoredTerminology } from './terminology.ts'
import { testStore } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())

const definitions = loadDefinitions()

/** The checks of a process of its own, whose clock the test holds. */
function otherProcess(db: Db): { checks: ResourceChecks; later(ms: number): void; asked(): number } {
  let now = 0
  let statements = 0
  const counting: Db = {
    ...db,
    lookup: (...statement) => (statements++, db.lookup(...statement)),
    query: (...statement) => (statements++, db.query(...statement)),
  }
  const checks = makeResourceChecks({
    db: counting,
    clock: { now: () => now },
    validator: makeValidator(definitions),
    definitions,
    terminology: makeTerminology({ r4: makeR4Content(), stored: makeStoredTerminology(db) }),
  })
  return { checks, later: (ms) => void (now += ms), asked: () => statements }
}

const patient = (...profile: string[]): JsonObject => ({ resourceType: 'Patient', meta: { profile } })

async function keep(profile: JsonObject): Promise<void> {
  const change = { type: 'StructureDefinition', id: String(profile['id']) }
  const make = () => ({ value: profile, exact: profile })
  await testStore(database.db).repository.commit(database.tenant, [{ ...change, make }])
}

const needs = (name: string, path: string) => structure(name, 'Patient', [{ path, min: 1 }])

test('a profile that another process changes is the new one a quarter of a second later', async () => {
  const { db, tenant } = database
  const { checks, later } = otherProcess(db)
  const codes = async () =>
    (await checks.validate(tenant, patient(`${OWN}shared`), 'Patient')).map(({ expression }) =>
      expression!.join(),
    )
  expect(await codes()).toEqual([])
  await keep(needs('shared', 'Patient.name'))
  expect(await codes()).toEqual([])
  later(250)
  expect(await codes()).toEqual(['Patient.name'])
  await keep(needs('shared', 'Patient.telecom'))
  later(250)
  expect(await codes()).toEqual(['Patient.telecom'])
})

test('a resource that names no profile asks the database nothing', () => {
  const { checks, asked } = otherProcess(database.db)
  expect(checks.validate(database.tenant, { resourceType: 'Patient', active: true }, 'Patient')).toEqual([])
  expect(asked()).toBe(0)
})

test('profiles that are at hand answer at once, and so does what is known not to be there', async () => {
  const { db, tenant } = database
  await keep(needs('at-hand', 'Patient.name'))
  const { checks, asked } = otherProcess(db)
  const resource = patient(`${OWN}at-hand`, 'https://nowhere.example/p')
  await checks.validate(tenant, resource, 'Patient')
  const before = asked()
  expect(checks.validate(tenant, resource, 'Patient')).toHaveLength(1)
  expect(asked()).toBe(before)
})

test('a tenant knows its own profiles and those of R4', async () => {
  await keep(needs('known', 'Patient.name'))
  const other = await database.addTenant('neighbour')
  const { checks } = otherProcess(database.db)
  expect(await checks.knows(database.tenant, `${OWN}known`)).toBe(true)
  expect(await checks.knows(database.tenant, `${OWN}known|2`)).toBe(false)
  expect(await checks.knows(other, `${OWN}known`)).toBe(false)
  expect(await checks.knows(other, 'http://hl7.org/fhir/StructureDefinition/Patient')).toBe(true)
})

test('names that clients make up do not fill the memory', async () => {
  const { db, tenant } = database
  const { checks, later } = otherProcess(db)
  for (let i = 0; i < 22; i++) {
    const names = Array.from({ length: 100 }, (_, n) => `https://made-up.example/${i}/${n}`)
    later(250)
    expect(await checks.validate(tenant, patient(...names), 'Patient')).toEqual([])
  }
})

test('a circle of profiles and a long chain of them end', async () => {
  const { db, tenant } = database
  const chain = 60
  for (let i = 0; i < chain; i++)
    await keep(
      structure(`link-${i}`, 'Patient', [{ path: 'Patient' }], {
        baseDefinition: `${OWN}link-${(i + 1) % chain}`,
      }),
    )
  const { checks } = otherProcess(db)
  expect(await checks.validate(tenant, patient(`${OWN}link-0`), 'Patient')).toEqual([])
})
