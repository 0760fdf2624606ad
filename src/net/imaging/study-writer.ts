/** Writes what a study has become: Patient, ImagingStudy and, where people must decide, a Task; in one transaction. */
import { KEY_OBJECT_SELECTION_STORAGE } from '../../dicom/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import { exactJsonOf, type ExactJson, type JsonObject } from '../../kernel/json.ts'
import {
  identifiersOf,
  mapStudy,
  type MappedStudy,
  mergeImagingStudy,
  withKnownIds,
} from '../../mapping/index.ts'
import {
  type Change,
  commitIdentified,
  type Identified,
  isProjected,
  type KnownIdentities,
  markProjected,
  readStudy,
} from '../../store/index.ts'
import { projectedRows } from './audit.ts'
import type { ImagingChannel, ImagingDeps } from './settings.ts'

/** Never rejects: a study that could not be written stays marked, and is swept up later. */
export type WriteStudy = (studyUid: string) => Promise<void>

export function makeStudyWriter(deps: ImagingDeps, channel: ImagingChannel): WriteStudy {
  return async (studyUid) => {
    try {
      await writeStudy(studyUid, deps, channel)
    } catch (error) {
      // Somebody else has written this revision or a later one.
      if (isProjected(error)) return
      deps.log.error(
        { err: error, code: asFailure(error).code, study: studyUid },
        'study could not be written',
      )
    }
  }
}

async function writeStudy(
  studyUid: string,
  { db, repository, clock, log }: ImagingDeps,
  channel: ImagingChannel,
): Promise<void> {
  const content = await readStudy(db, channel.tenant, studyUid, [KEY_OBJECT_SELECTION_STORAGE])
  if (content === undefined) return
  const own = mapStudy(content, channel.mapping)
  if (own.warnings.length > 0) log.warn({ study: studyUid, codes: own.warnings }, 'study is odd')
  const identified: Identified = {
    wanted: identifiersOf([named(own.patient)]),
    changesFor: (known) => changesOf(withKnownPatient(own, known)),
  }
  const outcomes = await commitIdentified(repository, channel.tenant, identified, {
    with: async (tx) => markProjected(tx, studyUid, content.revision),
    audit: (written) => projectedRows(written, channel, clock.now()),
    // The index is the truth: a study is never left out for what its resources refer to.
    integrity: { absentTargets: 'accept' },
  })
  log.info({ study: studyUid, did: outcomes.map(({ type, did }) => `${type} ${did}`) }, 'study written')
}

/** A patient whom a client or a message made before keeps the id that she has. */
function withKnownPatient(study: MappedStudy, known: KnownIdentities): MappedStudy {
  if (known.size === 0) return study
  const renamed = (resource: JsonObject) => withKnownIds({ value: resource, exact: resource }, known).value
  return {
    ...study,
    patient: renamed(study.patient),
    imagingStudy: renamed(study.imagingStudy),
    task: study.task && renamed(study.task),
  }
}

function named(resource: JsonObject): { type: string; id: string; resource: JsonObject } {
  return { ...nameOf(resource), resource }
}

function changesOf({ patient, imagingStudy, task }: MappedStudy): Change[] {
  return [
    onlyNew(patient),
    {
      ...nameOf(imagingStudy),
      make: (current: ExactJson | undefined) => exactJsonOf(mergeImagingStudy(current?.exact, imagingStudy)),
    },
    ...(task === undefined ? [] : [onlyNew(task)]),
  ]
}

/** Who a patient is, is not the scanner's to change; nor what people have done about a task. */
function onlyNew(resource: JsonObject): Change {
  return {
    ...nameOf(resource),
    make: (current) => (current === undefined ? exactJsonOf(resource) : 'keep'),
  }
}

function nameOf(resource: JsonObject): { type: string; id: string } {
  return { type: resource['resourceType'] as string, id: resource['id'] as string }
}
