/** Where our vocabulary tables differ from the official ones on purpose. */
import type { CodeTableRow } from './rows.ts'

export interface CodeCorrection {
  readonly map: string
  readonly code?: string
  readonly use?: Partial<Omit<CodeTableRow, 'code' | 'origin'>>
  readonly leaveOut?: string
  readonly because?: string
}

export const codeCorrections: readonly CodeCorrection[] = []
