/** Parts of the program that are started in order and stopped in the opposite order. */
import { Failure } from './kernel/failure.ts'
import type { Log } from './kernel/log.ts'

/** Where somebody can reach a part. */
export interface Endpoint {
  /** `FHIR`, `HL7 v2 lab` */
  readonly name: string
  /** With the real port: `mllp://127.0.0.1:2575`. */
  readonly url: string
}

export interface Part {
  readonly name: string
  /** Resolves when the part does its work; tells where it can be reached, if it can. */
  start(): Promise<readonly Endpoint[] | void>
  /** Takes nothing new, finishes what is in flight. Also called when a later part could not start. */
  stop(): Promise<void>
}

export interface StartedParts {
  readonly endpoints: readonly Endpoint[]
  /** Stops all; a part that fails to stop does not keep the others from it. */
  stop(): Promise<void>
}

/** Starts the parts one after the other. When one fails, those before it are stopped and its Failure is thrown. */
export async function startParts(parts: readonly Part[], log: Log): Promise<StartedParts> {
  const started: Part[] = []
  const endpoints: Endpoint[] = []
  const stop = async (): Promise<void> => {
    for (const part of started.splice(0).toReversed()) await stopPart(part, log)
  }
  for (const part of parts) {
    try {
      started.push(part)
      endpoints.push(...((await part.start()) ?? []))
    } catch (error) {
      await stop()
      throw withPart(error, part.name)
    }
  }
  for (const { name, url } of endpoints) log.info({ endpoint: name, url, port: portOf(url) }, 'listening')
  return { endpoints, stop }
}

async function stopPart(part: Part, log: Log): Promise<void> {
  try {
    await part.stop()
    log.debug({ part: part.name }, 'stopped')
  } catch (error) {
    log.error({ part: part.name, error }, 'part did not stop in order')
  }
}

/** A Failure says which part it is about, so that "port in use" says whose port. */
function withPart(error: unknown, part: string): unknown {
  if (!(error instanceof Failure) || 'part' in error.params) return error
  const { kind, code, params, issues } = error
  return new Failure(kind, code, { ...params, part }, { issues, cause: error.cause ?? error })
}

function portOf(url: string): number | undefined {
  const port = URL.parse(url)?.port
  return port ? Number(port) : undefined
}
