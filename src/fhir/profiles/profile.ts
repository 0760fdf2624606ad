/** A profile that is ready to check with. */
import type { ElementNode } from './element.ts'
import type { Instance } from './instance.ts'
import type { ProfileRun } from './run.ts'

export type InstanceCheck = (instance: Instance, run: ProfileRun) => void

export interface Profile {
  readonly url: string
  readonly version: string | undefined
  /** The type that it constrains. */
  readonly type: string
  readonly root: ElementNode
  /** Canonical of a profile that it is made from and that is not here. */
  readonly unknownBase: string | undefined
  readonly check: InstanceCheck
}
