/**
 * C-STORE: 200 CT of half a megabyte in one association, by dcmtk's storescu where it is installed and by our own
 * client; then eight associations at once, and many small objects. Each object is on disk (fsync) and indexed before
 * its answer. Rates are of dataset bytes.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { syntheticCt } from '../src/dicom/index.ts'
import { sendFiles } from '../src/net/dimse/index.ts'
import { type BenchServer, startServer } from './support/server.ts'

const STORESCU = '/usr/bin/storescu'
const ROUNDS = 5

interface Load {
  readonly objects: number
  /** Rows and columns of each image. */
  readonly size: number
}

const CT: Load = { objects: 200, size: 512 }
const SMALL: Load = { objects: 1000, size: 64 }

export async function run(): Promise<unknown> {
  await using server = await startServer()
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-ct-'))
  try {
    let study = 0
    const rounds = async (load: Load, send: (files: readonly string[]) => Promise<void>) => {
      const usage = server.measureUsage()
      const seconds: number[] = []
      for (let round = 0; round < ROUNDS; round += 1) {
        const files = writeStudy(folder, (study += 1), load)
        const started = performance.now()
        await send(files)
        seconds.push((performance.now() - started) / 1000)
      }
      return { ...ratesOf(seconds, load), usage: usage() }
    }
    return {
      ownClient: await rounds(CT, (files) => sendOwn(server, files)),
      ...(existsSync(STORESCU) && { storescu: await rounds(CT, (files) => sendDcmtk(server, files)) }),
      eightAssociations: await rounds(CT, (files) =>
        Promise.all(shares(files, 8).map((share) => sendOwn(server, share))).then(() => {}),
      ),
      small: await rounds(SMALL, (files) => sendOwn(server, files)),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeStudy(folder: string, study: number, { objects, size }: Load): string[] {
  const own = join(folder, String(study))
  mkdirSync(own)
  return Array.from({ length: objects }, (_, index) => {
    const studyUid = `2.25.7001.${process.pid}.${study}`
    const image = {
      studyUid,
      seriesUid: `${studyUid}.${(index % 4) + 1}`,
      sopInstanceUid: `${studyUid}.9.${index}`,
    }
    const file = join(own, `${index}.dcm`)
    writeFileSync(file, syntheticCt({ ...image, instanceNumber: index + 1, size }))
    return file
  })
}

function shares(files: readonly string[], count: number): string[][] {
  return Array.from({ length: count }, (_, share) => files.filter((_file, index) => index % count === share))
}

async function sendOwn({ dicomPort }: BenchServer, files: readonly string[]): Promise<void> {
  const to = { host: '127.0.0.1', port: dicomPort, callingAeTitle: 'BENCH', calledAeTitle: 'PASSERELLE' }
  for await (const { sent, file, comment } of sendFiles(files, to)) {
    if (!sent) throw new Error(`${file} was not taken: ${comment}`)
  }
}

async function sendDcmtk({ dicomPort }: BenchServer, files: readonly string[]): Promise<void> {
  // Without TCP_NODELAY dcmtk waits 40 ms an object.
  const env = { ...process.env, TCP_NODELAY: '1' }
  await promisify(execFile)(STORESCU, ['-aec', 'PASSERELLE', '127.0.0.1', String(dicomPort), ...files], {
    env,
  })
}

function ratesOf(seconds: readonly number[], { objects, size }: Load) {
  const sorted = seconds.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]!
  const megabytes = (objects * size * size * 2) / 1e6
  return {
    objects,
    megabytes: Math.round(megabytes),
    secondsMedian: round(median),
    secondsMin: round(sorted[0]!),
    secondsMax: round(sorted.at(-1)!),
    megabytesPerSecond: Math.round(megabytes / median),
    objectsPerSecond: Math.round(objects / median),
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
