/**
 * When studies that have changed are written: one version for a burst of images. A study waits until its last association
 * has ended or it has been quiet; the mark that it is due is in the database, so a crash forgets nothing.
 */
import { asFailure } from '../../kernel/failure.ts'
import { claimUnprojected } from '../../store/index.ts'
import type { ImagingChannel, ImagingDeps } from './settings.ts'
import { makeStudyWriter } from './study-writer.ts'

export interface Projector extends AsyncDisposable {
  /** An object of the study has come over this association. */
  readonly changed: (association: string, studyUid: string) => void
  /** Nothing more comes over this association. */
  readonly released: (association: string) => void
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
  const { db, clock, log } = deps
  const write = makeStudyWriter(deps, channel)
  const due = new Map<string, Due>()
  /** A study is written once at a time; the next time begins when that ends. */
  const running = new Map<string, Promise<void>>()

  function arm(studyUid: string, study: Due, delayMs: number): void {
    clearTimeout(study.timer)
    const left = Math.max(0, study.since + MAX_WAIT_MS - clock.now())
    study.timer = setTimeout(() => void flush(studyUid), Math.min(delayMs, left))
  }

  function flush(studyUid: string): Promise<void> {
    clearTimeout(due.get(studyUid)?.timer)
    due.delete(studyUid)
    const before = running.get(studyUid) ?? Promise.resolve()
    const run = before.then(() => write(studyUid))
    running.set(studyUid, run)
    return run.finally(() => {
      if (running.get(studyUid) === run) running.delete(studyUid)
    })
  }

  async function sweep(): Promise<void> {
    try {
      const bounds = { quietMs: channel.quietMs, limit: SWEEP_LIMIT }
      const left = await claimUnprojected(db, channel.tenant, bounds)
      // What is still coming in here has its own timer.
      for (const studyUid of left) if (!due.has(studyUid)) await flush(studyUid)
    } catch (error) {
      log.error({ err: error, code: asFailure(error).code }, 'studies could not be swept')
    }
  }

  async function settled(): Promise<void> {
    while (due.size + running.size > 0)
      await Promise.all([...running.values(), ...[...due.keys()].map(flush)])
  }

  const sweeper = setInterval(() => void sweep(), SWEEP_MS)
  sweeper.unref()

  return {
    changed(association, studyUid) {
      const study = due.get(studyUid) ?? { associations: new Set(), since: clock.now(), timer: undefined }
      due.set(studyUid, study)
      study.associations.add(association)
      arm(studyUid, study, channel.quietMs)
    },
    released(association) {
      for (const [studyUid, study] of due) {
        if (!study.associations.delete(association) || study.associations.size > 0) continue
        arm(studyUid, study, Math.min(RELEASED_MS, channel.quietMs))
      }
    },
    sweep,
    settled,
    async [Symbol.asyncDispose]() {
      clearInterval(sweeper)
      await settled()
    },
  }
}
