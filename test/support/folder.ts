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
  // A database whose program was killed may be closing down in there.
  const removal = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }
  return { path, [Symbol.asyncDispose]: () => rm(path, removal) }
}
