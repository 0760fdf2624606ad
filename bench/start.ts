/** How long a start takes until the server is ready: the first one, with a new database, and later ones. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { removeData, startServer } from './support/server.ts'

const LATER_STARTS = 3

export async function run(): Promise<unknown> {
  const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-bench-'))
  try {
    const first = await readyMs(dataDir)
    const later: number[] = []
    for (let i = 0; i < LATER_STARTS; i++) later.push(await readyMs(dataDir))
    return { firstMs: first, laterMs: later }
  } finally {
    removeData(dataDir)
  }
}

async function readyMs(dataDir: string): Promise<number> {
  await using server = await startServer({ dataDir, keep: true })
  return server.readyMs
}
