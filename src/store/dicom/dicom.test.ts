/** The index of DICOM objects under concurrency, on a real database. */
import { expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../../test/support/database.ts'
import {
  claimUnprojected,
  indexInstances,
  isProjected,
  markProjected,
  type NewInstance,
  readStudy,
  replaceInstance,
} from './index.ts'

function instance(number: number, more: Partial<NewInstance> = {}): NewInstance {
  return {
    sopInstanceUid: `1.2.3.${number}`,
    studyUid: '1.2',
    seriesUid: `1.2.${number % 4}`,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntax: '1.2.840.10008.1.2.1',
    number,
    title: undefined,
    patient: 'patient-a',
    digest: `digest-${number}`,
    size: 1000,
    header: '{}',
    headerComplete: true,
    studyAttributes: '{"00081030": {"vr": "LO", "Value": ["first"]}}',
    seriesAttributes: '{}',
    channel: 'imaging',
    callingAeTitle: 'SCANNER',
    receivedAtMs: Date.UTC(2026, 2, 1),
    ...more,
  }
}

function index({ db, tenant }: TestDatabase, ...instances: readonly NewInstance[]) {
  return db.transaction(tenant, (tx) => indexInstances(tx, instances))
}

async function counts(database: TestDatabase): Promise<Record<string, unknown>> {
  const [row] = await database.ownerQuery<{ counts: Record<string, unknown> }>(`
    select json_build_object(
      'instances', (select count(*) from passerelle.dicom_instance),
      'inSeries', (select sum(instances) from passerelle.dicom_series),
      'inStudies', (select sum(instances) from passerelle.dicom_study),
      'series', (select count(*) from passerelle.dicom_series),
      'studies', (select count(*) from passerelle.dicom_study)) as counts`)
  return row!.counts
}

test('counts are exact whatever comes at once, twice, and in which groups', async () => {
  await using database = await testDatabase()
  const groups = Array.from({ length: 40 }, (_, group) =>
    Array.from({ length: 10 }, (_unused, place) =>
      instance((group * 7 + place * 13) % 100, { studyUid: `1.${place % 3}` }),
    ),
  ).map((group) => [...new Map(group.map((one) => [one.sopInstanceUid, one])).values()])
  const results = await Promise.all(groups.map((group) => index(database, ...group)))
  const distinct = new Set(groups.flat().map(({ sopInstanceUid }) => sopInstanceUid)).size
  expect(results.flat().filter(({ did }) => did === 'stored')).toHaveLength(distinct)
  expect(await counts(database)).toMatchObject({
    instances: distinct,
    inSeries: distinct,
    inStudies: distinct,
    studies: 3,
  })
})

test('says what became of each: stored, the same again, something else under its UID', async () => {
  await using database = await testDatabase()
  expect(await index(database, instance(1))).toEqual([{ did: 'stored', studyPatient: 'patient-a' }])
  expect(await index(database, instance(1), instance(2), instance(3))).toMatchObject([
    { did: 'same' },
    { did: 'stored' },
    { did: 'stored' },
  ])
  expect(await index(database, instance(2, { digest: 'other' }))).toEqual([
    { did: 'differs', digest: 'digest-2' },
  ])
})

test('a study keeps its first patient; what another one says is not mixed in', async () => {
  await using database = await testDatabase()
  await index(database, instance(1))
  const attributes =
    '{"00081030": {"vr": "LO", "Value": ["second"]}, "00100030": {"vr": "DA", "Value": ["19500101"]}}'
  const stranger = await index(database, instance(2, { patient: 'patient-b', studyAttributes: attributes }))
  expect(stranger).toEqual([{ did: 'stored', studyPatient: 'patient-a' }])
  await index(database, instance(3, { studyAttributes: '{"00200010": {"vr": "SH", "Value": ["7"]}}' }))
  const study = await readStudy(database.db, database.tenant, '1.2', [])
  expect(study).toMatchObject({ patient: 'patient-a', conflicts: 1, revision: 3 })
  expect(study!.attributes).toEqual({
    '00081030': { vr: 'LO', Value: ['first'] },
    '00200010': { vr: 'SH', Value: ['7'] },
  })
})

test('replacing moves an object: the old study and series lose it, the new ones gain it', async () => {
  await using database = await testDatabase()
  await index(database, instance(1), instance(2))
  const { db, tenant } = database
  const moved = instance(1, { studyUid: '1.9', seriesUid: '1.9.1', digest: 'new' })
  await db.transaction(tenant, (tx) => replaceInstance(tx, moved))
  expect(await counts(database)).toMatchObject({ instances: 2, inSeries: 2, inStudies: 2, studies: 2 })
  expect((await readStudy(db, tenant, '1.2', []))!.series.flatMap(({ instances }) => instances)).toHaveLength(
    1,
  )
})

test('only the classes that were asked for come with their header', async () => {
  await using database = await testDatabase()
  const note = instance(2, { sopClassUid: '1.2.9', header: '{"0040A043": {"vr": "SQ", "Value": []}}' })
  await index(database, instance(1), note)
  const study = await readStudy(database.db, database.tenant, '1.2', ['1.2.9'])
  const headers = study!.series.flatMap(({ instances }) => instances.map(({ header }) => header))
  expect(headers.filter((header) => header !== undefined)).toHaveLength(1)
})

test('a changed study is given to one sweeper only, and to nobody once it is written', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  await index(database, instance(1), instance(5, { studyUid: '1.7' }))
  const claims = await Promise.all(
    [1, 2, 3].map(() => claimUnprojected(db, tenant, { quietMs: 0, limit: 10 })),
  )
  expect(claims.flat().toSorted()).toEqual(['1.2', '1.7'])

  await database.ownerQuery('update passerelle.dicom_study set claimed_until = null')
  await db.transaction(tenant, async (tx) => markProjected(tx, '1.2', 1))
  expect(await claimUnprojected(db, tenant, { quietMs: 0, limit: 10 })).toEqual(['1.7'])
})

test('a revision is written once, and never an older one after a newer', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  await index(database, instance(1))
  await index(database, instance(2))
  const mark = (revision: number) =>
    db
      .transaction(tenant, async (tx) => markProjected(tx, '1.2', revision))
      .catch((error: unknown) => isProjected(error))
  expect(await mark(2)).toBeUndefined()
  expect(await mark(2)).toBe(true)
  expect(await mark(1)).toBe(true)
})
