/**
 * Writes the ImagingStudy of studies that have changed: one version for a burst of images. A study waits until its last
 * association has ended or it has been quiet; the mark that it is due is in the database, so a crash forgets nothing.
 */
import { KEY_OBJECT_SELECTION_STORAGE } from '../../dicom/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import { exactJsonOf, type ExactJson, type JsonObject } from '../../kernel/json.ts'
import { mapStudy, type MappedStudy, mergeImagingStudy } from '../../mapping/dicom/index.ts'
import {
  type AuditRow,
  type Change,
  claimUnprojected,
  isProjected,
  markProjected,
  type Outcome,
  readStudy,
} from '../../store/index.ts'
import type { ImagingChannel, ImagingDeps } from './settings.ts'

export interface Projector extends AsyncDisposable {
  /** An object of the study has come over this association. */
  changed(association: string, studyUid: string): void
  /** Nothing more comes over this association. */
  released(association: string): void
  /** Takes up what is left over from a crash or from another process; every half minute by itself. */
  sweep(): Promise<void>
  /** Resolves when all that is known to be due is written. */
  settled(): Promise<void>
}

/** After the last association: long enough for devices that open one for each image. */
const RELEASED_MS = 250
/** A study that never comes to rest is written all the same. */
const MAX_WAIT_MS = 60_000
const SWEEP_MS = 30_000
const SWEEP_LIMIT = 100

interface Due {
  readonly associations: Set<string>
  readonly since: number
  timer: NodeJS.Timeout | undefined
}

export function makeProjector(deps: ImagingDeps, channel: ImagingChannel): Projector {
  const { db, repository, clock, log } = deps
  const due = new Map<string, Due>()
  /** One projection of a study at a time; the next begins when it ends. */
  const running = new Map<string, Promise<void>>()
  let disposed = false

  function changed(association: string, studyUid: string): void {
    const known = due.get(studyUid) ?? {
      associations: new Set<string>(),
      since: clock.now(),
      timer: undefined,
    }
    due.set(studyUid, known)
    known.associations.add(association)
    arm(studyUid, known, channel.quietMs)
  }

  function released(association: string): void {
    for (const [studyUid, known] of due) {
      if (!known.associations.delete(association) || known.associations.size > 0) continue
      arm(studyUid, known, Math.min(RELEASED_MS, channel.quietMs))
    }
  }

  function arm(studyUid: string, known: Due, delayMs: number): void {
    clearTimeout(known.timer)
    const left = Math.max(0, known.since + MAX_WAIT_MS - clock.now())
    known.timer = setTimeout(() => void flush(studyUid), Math.min(delayMs, left))
  }

  /** Never rejects: what fails stays marked and is swept up. */
  function flush(studyUid: string): Promise<void> {
    clearTimeout(due.get(studyUid)?.timer)
    due.delete(studyUid)
    const before = running.get(studyUid) ?? Promise.resolve()
    const run = before.then(() => projectSafely(studyUid))
    running.set(studyUid, run)
    return run.finally(() => {
      if (running.get(studyUid) === run) running.delete(studyUid)
    })
  }

  async function projectSafely(studyUid: string): Promise<void> {
    try {
      await project(studyUid)
    } catch (error) {
      // Somebody else has written this revision or a later one.
      if (isProjected(error)) return
      log.error({ err: error, code: asFailure(error).code, study: studyUid }, 'study could not be written')
    }
  }

  async function project(studyUid: string): Promise<void> {
    const content = await readStudy(db, channel.tenant, studyUid, [KEY_OBJECT_SELECTION_STORAGE])
    if (content === undefined) return
    const mapped = mapStudy(content, channel.mapping)
    if (mapped.warnings.length > 0) log.warn({ study: studyUid, codes: mapped.warnings }, 'study is odd')
    const outcomes = await repository.commit(channel.tenant, changesOf(mapped), {
      with: async (tx) => markProjected(tx, studyUid, content.revision),
      audit: (written) => auditOf(written, content.patient),
    })
    log.info({ study: studyUid, did: outcomes.map(({ type, did }) => `${type} ${did}`) }, 'study written')
  }

  function auditOf(outcomes: readonly Outcome[], patient: string): AuditRow[] {
    const written = outcomes.filter(({ did }) => did !== 'unchanged')
    if (written.length === 0) return []
    return [
      {
        at: clock.now(),
        kind: 'dicom',
        interaction: 'project-study',
        action: written.some(({ did }) => did === 'created') ? 'C' : 'U',
        outcome: 0,
        agent: { id: `passerelle/${channel.mapping.channel}`, kind: 'system' },
        entities: written.map(({ type, id, version }) => ({ type, id, version })),
        patients: [patient],
      },
    ]
  }

  async function sweep(): Promise<void> {
    try {
      const left = await claimUnprojected(db, channel.tenant, {
        quietMs: channel.quietMs,
        limit: SWEEP_LIMIT,
      })
      // What is still coming in here has its own timer.
      for (const studyUid of left) if (!due.has(studyUid)) await flush(studyUid)
    } catch (error) {
      log.error({ err: error, code: asFailure(error).code }, 'studies could not be swept')
    }
  }

  async function settled(): Promise<void> {
    while (due.size + running.size > 0)
      await Promise.all([...new Set([...due.keys(), ...running.keys()])].map(flush))
  }

  const sweeper = setInterval(() => void (disposed || sweep()), SWEEP_MS)
  sweeper.unref()

  return {
    changed,
    released,
    sweep,
    settled,
    async [Symbol.asyncDispose]() {
      disposed = true
      clearInterval(sweeper)
      await settled()
    },
  }
}

function changesOf({ patient, imagingStudy, task }: MappedStudy): Change[] {
  const onlyNew = (resource: JsonObject): Change => ({
    ...nameOf(resource),
    make: (current) => (current === undefined ? exactJsonOf(resource) : 'keep'),
  })
  return [
    onlyNew(patient),
    {
      ...nameOf(imagingStudy),
      make: (current: ExactJson | undefined) => exactJsonOf(mergeImagingStudy(current?.exact, imagingStudy)),
    },
    ...(task === undefined ? [] : [onlyNew(task)]),
  ]
}

function nameOf(resource: JsonObject): { type: string; id: string } {
  return { type: resource['resourceType'] as string, id: resource['id'] as string }
}
