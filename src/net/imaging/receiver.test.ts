/** The imaging channel from the wire to the ImagingStudy, on a real database and a real folder. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { testImaging, type TestImaging } from '../../../test/support/imaging.ts'
import {
  CT_IMAGE_STORAGE,
  decodeFileStart,
  EXPLICIT_VR_LITTLE_ENDIAN,
  Status,
  syntheticCt,
} from '../../dicom/index.ts'
import { associate, type ClientAssociation } from '../dimse/index.ts'

const STUDY = '2.25.4711'

interface Image {
  readonly number: number
  readonly study?: string
  readonly attributes?: Readonly<Record<string, unknown>>
}

function image({ number, study = STUDY, attributes }: Image) {
  const sopInstanceUid = `${study}.9.${number}`
  const file = syntheticCt({
    studyUid: study,
    seriesUid: `${study}.1`,
    sopInstanceUid,
    instanceNumber: number,
    size: 16,
    ...(attributes && { attributes }),
  })
  return { sopInstanceUid, dataset: file.subarray(decodeFileStart(file)!.datasetOffset) }
}

function scanner({ port }: TestImaging): Promise<ClientAssociation> {
  return associate({
    host: '127.0.0.1',
    port,
    callingAeTitle: 'SCANNER',
    calledAeTitle: 'PASSERELLE',
    contexts: [{ id: 1, abstractSyntax: CT_IMAGE_STORAGE, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] }],
  })
}

/** Sends over one association; answers the statuses. */
async function send(imaging: TestImaging, ...images: readonly ReturnType<typeof image>[]): Promise<number[]> {
  await using client = await scanner(imaging)
  const statuses: number[] = []
  for (const { sopInstanceUid, dataset } of images) {
    const { status } = await client.store({
      contextId: 1,
      sopClassUid: CT_IMAGE_STORAGE,
      sopInstanceUid,
      dataset: [dataset],
    })
    statuses.push(status)
  }
  await client.release()
  return statuses
}

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

async function auditRows({ database }: TestImaging) {
  return database.ownerQuery<{
    interaction: string
    action: string
    outcome: number
    patients: string
    detail: Record<string, unknown>
  }>(
    `select interaction, action, outcome, patients, detail from passerelle.audit where kind = 'dicom' order by id`,
  )
}

test('an object becomes a file, index rows, an audit row, then Patient and ImagingStudy', async () => {
  await using imaging = await testImaging()
  const sent = image({ number: 1 })
  expect(await send(imaging, sent)).toEqual([Status.success])
  await imaging.receiver.projector.settled()

  const [file] = await files(imaging.folder)
  const stored = await readFile(file!)
  const { datasetOffset, ...meta } = decodeFileStart(stored)!
  expect(stored.subarray(datasetOffset).equals(sent.dataset)).toBe(true)
  expect(meta).toEqual({
    sopClassUid: CT_IMAGE_STORAGE,
    sopInstanceUid: sent.sopInstanceUid,
    transferSyntax: EXPLICIT_VR_LITTLE_ENDIAN,
  })

  const patient = await imaging.only('Patient')
  expect(patient).toMatchObject({
    identifier: [{ value: 'PHANTOM-1' }],
    name: [{ family: 'Phantom', given: ['Ellipse'] }],
  })
  expect(await imaging.only('ImagingStudy')).toMatchObject({
    subject: { reference: `Patient/${String(patient['id'])}` },
    started: '2026-03-02T09:30:00+01:00',
    numberOfInstances: 1,
    series: [{ instance: [{ uid: sent.sopInstanceUid, number: 1 }] }],
  })
  const audited = await auditRows(imaging)
  expect(audited.map(({ interaction, action, outcome }) => [interaction, action, outcome])).toEqual([
    ['c-store', 'C', 0],
    ['project-study', 'C', 0],
  ])
  expect(audited[0]!.patients).toBe(patient['id'])
})

test('a burst over several associations makes one version', async () => {
  await using imaging = await testImaging({ channel: { quietMs: 60_000 } })
  const images = Array.from({ length: 30 }, (_, number) => image({ number: number + 1 }))
  await Promise.all([0, 1, 2].map((part) => send(imaging, ...images.slice(part * 10, part * 10 + 10))))
  await imaging.receiver.projector.settled()
  expect(await imaging.only('ImagingStudy')).toMatchObject({
    numberOfInstances: 30,
    meta: { versionId: '1' },
  })
})

test('what comes later makes the next version, and only if something changed', async () => {
  await using imaging = await testImaging()
  await send(imaging, image({ number: 1 }))
  await imaging.receiver.projector.settled()
  await send(imaging, image({ number: 2 }))
  await imaging.receiver.projector.settled()
  await send(imaging, image({ number: 2 }))
  await imaging.receiver.projector.settled()
  expect(await imaging.only('ImagingStudy')).toMatchObject({ numberOfInstances: 2, meta: { versionId: '2' } })
})

test('many first objects of one patient at once give one Patient', async () => {
  await using imaging = await testImaging()
  const images = Array.from({ length: 8 }, (_, number) => image({ number: 1, study: `2.25.99.${number}` }))
  await Promise.all(images.map((one) => send(imaging, one)))
  await imaging.receiver.projector.settled()
  expect(await imaging.bodies('Patient')).toHaveLength(1)
  expect(await imaging.bodies('ImagingStudy')).toHaveLength(8)
})

describe('an object that comes again', () => {
  const changed = image({ number: 1, attributes: { StudyDescription: 'changed' } })

  test('with the same content is a success that changes nothing', async () => {
    await using imaging = await testImaging()
    expect(await send(imaging, image({ number: 1 }), image({ number: 1 }))).toEqual([0, 0])
    await imaging.receiver.projector.settled()
    expect(await imaging.only('ImagingStudy')).toMatchObject({ numberOfInstances: 1 })
    expect(await files(imaging.folder)).toHaveLength(1)
    expect(
      (await auditRows(imaging))
        .filter(({ interaction }) => interaction === 'c-store')
        .map(({ detail }) => detail['did']),
    ).toEqual(['stored', 'same'])
  })

  test.each([
    ['refuse', Status.duplicateSopInstance, 'CT of a phantom'],
    ['keep', Status.elementsDiscarded, 'CT of a phantom'],
    ['overwrite', Status.success, 'changed'],
  ] as const)('with other content: %s', async (changedInstance, status, description) => {
    await using imaging = await testImaging({ channel: { changedInstance } })
    expect(await send(imaging, image({ number: 1 }), changed)).toEqual([Status.success, status])
    await imaging.receiver.projector.settled()
    expect(await imaging.only('ImagingStudy')).toMatchObject({ numberOfInstances: 1, description })
    const [, again] = await auditRows(imaging)
    expect(again).toMatchObject({
      action: 'U',
      detail: { did: changedInstance === 'overwrite' ? 'replaced' : 'differs' },
    })
  })

  test('in another study, where the channel overwrites, moves to it', async () => {
    await using imaging = await testImaging({ channel: { changedInstance: 'overwrite' } })
    const moved = image({
      number: 1,
      attributes: { StudyInstanceUID: '2.25.1', SeriesInstanceUID: '2.25.2' },
    })
    expect(await send(imaging, image({ number: 1 }), image({ number: 2 }), moved)).toEqual([0, 0, 0])
    await imaging.receiver.projector.settled()
    const counts = (await imaging.bodies('ImagingStudy')).map(({ numberOfInstances }) => numberOfInstances)
    expect(counts).toEqual([1, 1])
  })
})

describe('patients', () => {
  test('one that is known already is not changed by a scanner', async () => {
    await using imaging = await testImaging()
    await send(imaging, image({ number: 1 }))
    await imaging.receiver.projector.settled()
    await send(imaging, image({ number: 1, study: '2.25.12', attributes: { PatientName: 'Typo^In' } }))
    await imaging.receiver.projector.settled()
    expect(await imaging.only('Patient')).toMatchObject({
      name: [{ family: 'Phantom' }],
      meta: { versionId: '1' },
    })
  })

  test('a study without a Patient ID gets a patient of its own', async () => {
    await using imaging = await testImaging()
    const anonymous = { PatientID: '' }
    await send(
      imaging,
      image({ number: 1, attributes: anonymous }),
      image({ number: 1, study: '2.25.12', attributes: anonymous }),
    )
    await imaging.receiver.projector.settled()
    const patients = await imaging.bodies('Patient')
    expect(patients.map(({ identifier }) => identifier)).toMatchObject([[{ use: 'temp' }], [{ use: 'temp' }]])
  })

  test('an object of another patient is kept in its study, which stays where it is, and people are asked', async () => {
    await using imaging = await testImaging()
    const other = image({
      number: 2,
      attributes: { PatientID: 'OTHER', PatientName: 'Other^One', StudyDescription: 'theirs' },
    })
    expect(await send(imaging, image({ number: 1 }), other)).toEqual([0, 0])
    await imaging.receiver.projector.settled()
    const patient = await imaging.only('Patient')
    const study = await imaging.only('ImagingStudy')
    expect(study).toMatchObject({
      numberOfInstances: 2,
      description: 'CT of a phantom',
      subject: { reference: `Patient/${String(patient['id'])}` },
    })
    expect(await imaging.only('Task')).toMatchObject({
      status: 'requested',
      focus: { reference: `ImagingStudy/${String(study['id'])}` },
    })
    const conflict = (await auditRows(imaging)).find(({ detail }) => detail?.['conflict'] !== undefined)
    expect(conflict).toMatchObject({ detail: { conflict: 'patient-differs', studyPatient: patient['id'] } })
  })
})

describe('what cannot be kept is refused, audited, and leaves nothing', () => {
  const whole = image({ number: 1 })

  test.each([
    [
      'the dataset ends early',
      { ...whole, dataset: whole.dataset.subarray(0, 700) },
      Status.cannotUnderstand,
    ],
    ['the pixels end early', { ...whole, dataset: whole.dataset.subarray(0, -10) }, Status.cannotUnderstand],
    [
      'it is no dataset',
      { ...whole, dataset: Buffer.from('nothing of the kind '.repeat(20)) },
      Status.cannotUnderstand,
    ],
    ['it is empty', { ...whole, dataset: Buffer.alloc(0) }, Status.cannotUnderstand],
    [
      'it has no study',
      image({ number: 1, attributes: { StudyInstanceUID: '' } }),
      Status.dataSetDoesNotMatchSopClass,
    ],
    [
      'its series has no UID',
      image({ number: 1, attributes: { SeriesInstanceUID: 'one' } }),
      Status.dataSetDoesNotMatchSopClass,
    ],
    [
      'it is another object than announced',
      { ...whole, sopInstanceUid: '2.25.5' },
      Status.dataSetDoesNotMatchSopClass,
    ],
    ['its UID is none', { ...whole, sopInstanceUid: '../../etc/passwd' }, Status.dataSetDoesNotMatchSopClass],
    [
      'its class is not the one announced',
      image({ number: 1, attributes: { SOPClassUID: '1.2.3' } }),
      Status.dataSetDoesNotMatchSopClass,
    ],
  ])('%s', async (_, broken, status) => {
    await using imaging = await testImaging()
    expect(await send(imaging, broken, image({ number: 2 }))).toEqual([status, Status.success])
    expect(await files(imaging.folder)).toHaveLength(1)
    expect(imaging.audited).toMatchObject([{ interaction: 'c-store', outcome: 8, detail: { status } }])
  })
})

test('when the database refuses, the object is refused for now, and can be sent again', async () => {
  await using imaging = await testImaging()
  await imaging.database.ownerQuery('alter table passerelle.dicom_instance rename to away')
  expect(await send(imaging, image({ number: 1 }))).not.toEqual([Status.success])
  await imaging.database.ownerQuery('alter table passerelle.away rename to dicom_instance')
  expect(await send(imaging, image({ number: 1 }))).toEqual([Status.success])
  await imaging.receiver.projector.settled()
  expect(await imaging.only('ImagingStudy')).toMatchObject({ numberOfInstances: 1 })
})

test('a study that a crash left unwritten is written at the next sweep', async () => {
  await using imaging = await testImaging()
  await send(imaging, image({ number: 1 }))
  await imaging.receiver.projector.settled()
  // As it is after a kill between the index commit and the projection.
  await imaging.database.ownerQuery('delete from passerelle.resource')
  await imaging.database.ownerQuery(
    `update passerelle.dicom_study set dirty = true, projected = 0, changed_at = now() - interval '1 hour'`,
  )
  await imaging.receiver.projector.sweep()
  expect(await imaging.only('ImagingStudy')).toMatchObject({ numberOfInstances: 1 })
  expect(await imaging.database.ownerQuery('select 1 from passerelle.dicom_study where dirty')).toEqual([])
})

test('tenants do not see each other: the same object is a study in each', async () => {
  await using imaging = await testImaging()
  await send(imaging, image({ number: 1 }))
  const other = await imaging.database.addTenant('other')
  const rows = await imaging.database.db.query(other, { text: 'select * from dicom_instance', values: [] })
  expect(rows).toEqual([])
})
