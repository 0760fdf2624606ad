/** A temporary folder that goes away with the test. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestFolder extends AsyncDisposable {
  readonly path: string
}

export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'passerelle-test-'))
  await chmod(path, 0o711) // The account of an embedded database must be able to pass through.
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
