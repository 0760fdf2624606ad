/** A sink that tells what became of each object and how long it took, for the metrics. */
import type { InstanceSink } from '../../dicom/index.ts'
import type { Clock } from '../../kernel/clock.ts'

/** The answer to one C-STORE. */
export interface StoredEvent {
  /** Status word in hexadecimal, `0000` for success. */
  readonly status: string
  /** Of the dataset. */
  readonly bytes: number
  /** From the first byte to the answer. */
  readonly durationMs: number
}

export function observeSink(
  sink: InstanceSink,
  clock: Clock,
  stored: (event: StoredEvent) => void,
): InstanceSink {
  return {
    async begin(instance) {
      const begun = clock.now()
      const writer = await sink.begin(instance)
      let bytes = 0
      return {
        write(fragment) {
          bytes += fragment.length
          return writer.write(fragment)
        },
        async finish() {
          const result = await writer.finish()
          const status = result.status.toString(16).toUpperCase().padStart(4, '0')
          stored({ status, bytes, durationMs: clock.now() - begun })
          return result
        },
        abort: () => writer.abort(),
      }
    },
    ended: (sender) => sink.ended(sender),
  }
}
