/** What a command is given to read: a file, or `-` for standard input. */
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'

import { Failure } from '../kernel/failure.ts'
import type { Io } from './command.ts'

/** @throws Failure `not-found`/`file-unreadable` */
export function readInput(file: string, { input }: Io): Promise<Buffer> {
  if (file === '-') return buffer(input)
  return readFile(file).catch(() => {
    throw new Failure('not-found', 'file-unreadable', { file })
  })
}
