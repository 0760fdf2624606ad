/** DICOM with programs that others wrote: dcmtk's storescu, dcmsend, echoscu. They are Debian packages (dcmtk). */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'

import { decodeFileStart, syntheticCt } from '../../src/dicom/index.ts'
import { sendFiles } from '../../src/net/dimse/index.ts'
import { testFolder } from '../support/folder.ts'
import { testImaging, type TestImaging } from '../support/imaging.ts'
import { hasProgram } from '../support/programs.ts'

const SAMPLES = '../shared/dicom-samples'
const hasDcmtk = ['storescu', 'dcmsend', 'echoscu', 'img2dcm'].every((program) => hasProgram(program))

const run = promisify(execFile)
/** Without it dcmtk waits 40 ms an object for an acknowledgement that waits for it. */
const env = { ...process.env, TCP_NODELAY: '1' }

function dcmtk(program: string, ...args: readonly string[]) {
  return run(program, args, { env, maxBuffer: 64 * 1024 * 1024 })
}

function target({ port }: TestImaging, called = 'PASSERELLE'): string[] {
  return ['-aec', called, '127.0.0.1', String(port)]
}

async function writeStudy(folder: string, count: number, size = 64): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (let number = 1; number <= count; number += 1) {
    const file = syntheticCt({
      studyUid: '2.25.4711',
      seriesUid: `2.25.4711.${(number % 2) + 1}`,
      sopInstanceUid: `2.25.4711.9.${number}`,
      instanceNumber: number,
      size,
    })
    await writeFile(join(folder, `${String(number).padStart(4, '0')}.dcm`), file)
  }
}

/** Stored files by SOP Instance UID. */
async function storedFiles({ database, folder }: TestImaging): Promise<Map<string, Buffer>> {
  const rows = await database.ownerQuery<{ sop_instance_uid: string; digest: string }>(
    'select sop_instance_uid, digest from passerelle.dicom_instance',
  )
  const files = rows.map(async ({ sop_instance_uid, digest }) => {
    return [sop_instance_uid, await readFile(join(folder, digest.slice(0, 2), digest))] as const
  })
  return new Map(await Promise.all(files))
}

function datasetOf(file: Buffer): Buffer {
  return file.subarray(decodeFileStart(file)!.datasetOffset)
}

describe.skipIf(!hasDcmtk)('with dcmtk', () => {
  test('echoscu is answered, and the echo is audited', async () => {
    await using imaging = await testImaging()
    const { stderr, stdout } = await dcmtk('echoscu', '-v', ...target(imaging))
    expect(stdout + stderr).toContain('Received Echo Response (Success)')
    expect(imaging.audited.map(({ interaction }) => interaction)).toEqual(['c-echo'])
  })

  test('storescu sends a study in one association: each dataset is kept byte for byte, one ImagingStudy version is made', async () => {
    await using imaging = await testImaging()
    await using folder = await testFolder()
    await writeStudy(folder.path, 12)
    await dcmtk('storescu', '+sd', ...target(imaging), folder.path)
    await imaging.receiver.projector.settled()

    const stored = await storedFiles(imaging)
    for (const name of await readdir(folder.path)) {
      const sent = await readFile(join(folder.path, name))
      const { sopInstanceUid } = decodeFileStart(sent)!
      expect(datasetOf(stored.get(sopInstanceUid!)!).equals(datasetOf(sent))).toBe(true)
    }
    const study = await imaging.only('ImagingStudy')
    expect(study).toMatchObject({ numberOfInstances: 12, numberOfSeries: 2, meta: { versionId: '1' } })
  })

  test('dcmsend sends a study, and its report says that all were stored', async () => {
    await using imaging = await testImaging()
    await using folder = await testFolder()
    await writeStudy(join(folder.path, 'study'), 5)
    const report = join(folder.path, 'report.txt')
    await dcmtk('dcmsend', '-nh', '+sd', '+r', '+crf', report, ...target(imaging), join(folder.path, 'study'))
    expect(await readFile(report, 'utf8')).toMatch(/with status SUCCESS\s*: 5/)
  })

  test('a study that eight associations send side by side is one Patient and one ImagingStudy with the right counts', async () => {
    await using imaging = await testImaging()
    await using folder = await testFolder()
    await writeStudy(folder.path, 24)
    const files = (await readdir(folder.path)).toSorted()
    const senders = Array.from({ length: 8 }, (_, sender) =>
      files.filter((_file, index) => index % 8 === sender).map((file) => join(folder.path, file)),
    )
    await Promise.all(senders.map((share) => dcmtk('storescu', ...target(imaging), ...share)))
    await imaging.receiver.projector.settled()
    expect(await imaging.bodies('Patient')).toHaveLength(1)
    expect(await imaging.only('ImagingStudy')).toMatchObject({ numberOfInstances: 24, numberOfSeries: 2 })
  })

  test('an unknown called title is refused with 1/1/7', async () => {
    await using imaging = await testImaging()
    const refused = dcmtk('echoscu', '-v', ...target(imaging, 'NOBODY'))
    await expect(refused).rejects.toMatchObject({
      stderr: expect.stringContaining('Called AE Title Not Recognized'),
    })
    expect(imaging.audited.map(({ detail }) => detail?.['code'])).toEqual(['called-ae-title'])
  })

  test('a calling title that is not on the list is refused with 1/1/3', async () => {
    await using imaging = await testImaging({ listen: { callers: ['SCANNER'] } })
    const refused = dcmtk('echoscu', '-aet', 'INTRUDER', ...target(imaging))
    await expect(refused).rejects.toMatchObject({
      stderr: expect.stringContaining('Calling AE Title Not Recognized'),
    })
    await dcmtk('echoscu', '-aet', 'SCANNER', ...target(imaging))
  })
})

if (!existsSync(SAMPLES)) console.warn(`skipped: there are no sample files in ${SAMPLES}`)

describe.skipIf(!existsSync(SAMPLES))('with the shared samples', () => {
  /** Cut off in its pixels; without UIDs (two); shifted by a byte, so that it isn't recognised at all. */
  const BROKEN = ['MR_truncated.dcm', 'meta_missing_tsyntax.dcm', 'nested_priv_SQ.dcm', 'no_meta.dcm']

  async function samples(): Promise<string[]> {
    const names = await readdir(SAMPLES, { recursive: true })
    return names.filter((name) => name.endsWith('.dcm')).map((name) => join(SAMPLES, name))
  }

  test('each is kept byte for byte, in its own transfer syntax, or refused because it is broken', async () => {
    await using imaging = await testImaging({ channel: { changedInstance: 'overwrite' } })
    const to = {
      host: '127.0.0.1',
      port: imaging.port,
      callingAeTitle: 'SAMPLES',
      calledAeTitle: 'PASSERELLE',
    }
    const refused: string[] = []
    // One at a time: several of them are the same object in different transfer syntaxes.
    for (const file of await samples()) {
      for await (const { sent } of sendFiles([file], to)) {
        if (!sent) refused.push(basename(file))
        else expect(await isKept(imaging, file)).toBe(true)
      }
    }
    expect(refused.toSorted()).toEqual(BROKEN)
  })

  async function isKept(imaging: TestImaging, file: string): Promise<boolean> {
    const dataset = datasetOf(await readFile(file))
    const stored = [...(await storedFiles(imaging)).values()]
    return stored.some((one) => datasetOf(one).equals(dataset))
  }

  test.skipIf(!hasDcmtk)('dcmsend can send all that it can read', async () => {
    await using imaging = await testImaging({ channel: { changedInstance: 'overwrite' } })
    const sent = await dcmtk('dcmsend', '-v', '-nh', '+sd', '+r', '-dn', ...target(imaging), SAMPLES)
    expect(sent.stdout + sent.stderr).toMatch(/with status SUCCESS\s*: 35/)
    await imaging.receiver.projector.settled()
    const unwritten = await imaging.database.ownerQuery('select 1 from passerelle.dicom_study where dirty')
    expect(unwritten).toEqual([])
  })

  test('the synthetic study becomes what its description says', async () => {
    await using imaging = await testImaging()
    const files = (await samples()).filter((file) => basename(file).startsWith('a_'))
    const to = {
      host: '127.0.0.1',
      port: imaging.port,
      callingAeTitle: 'SAMPLES',
      calledAeTitle: 'PASSERELLE',
    }
    for await (const result of sendFiles(files, to)) expect(result.sent).toBe(true)
    await imaging.receiver.projector.settled()
    expect(await imaging.only('Patient')).toMatchObject({
      identifier: [{ system: 'urn:passerelle:ns:HOSP_A', value: 'SYN-1001' }],
      name: [{ family: 'Müller', given: ['Jörg', 'Karl'], prefix: ['Dr.'], suffix: ['Jr.'] }],
    })
    const study = await imaging.only('ImagingStudy')
    expect(study).toMatchObject({
      started: '2026-01-15T10:30:00.120+02:00',
      numberOfSeries: 3,
      numberOfInstances: 6,
      modality: [{ code: 'CT' }, { code: 'DX' }, { code: 'SR' }],
      basedOn: [{ identifier: { system: 'urn:passerelle:ns:HOSP_A', value: 'ACC-2026-0001' } }],
      procedureCode: [{ coding: [{ system: 'http://snomed.info/sct', code: '169069000' }] }],
    })
    expect(study['series']).toMatchObject([
      { bodySite: { code: '51185008' } },
      { bodySite: { code: '72696002' }, laterality: { code: '7771000' } },
      { modality: { code: 'SR' } },
    ])
  })
})
