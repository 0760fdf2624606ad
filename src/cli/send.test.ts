import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { expect, test } from 'vitest'

import { testFolder } from '../../test/support/folder.ts'
import { readConfig } from '../config.ts'
import { silentLog } from '../kernel/log.ts'
import type { Io } from './command.ts'
import { runCli } from './run.ts'

async function call(words: readonly string[]) {
  const seen = { out: '', err: '' }
  const io: Io = {
    out: (text) => void (seen.out += text),
    err: (text) => void (seen.err += text),
    input: Readable.from([]),
    config: () => readConfig({}),
    log: () => silentLog,
    untilStopped: () => Promise.resolve(),
  }
  return { code: await runCli(words, io), ...seen }
}

/** A port at which nobody has ever called. */
async function lonelyPort() {
  let calls = 0
  const server = createServer((socket) => {
    calls += 1
    socket.destroy()
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as { port: number }
  return { port: String(port), calls: () => calls, [Symbol.dispose]: () => void server.close() }
}

test('an HL7 file that is not there is named, and nothing is sent', async () => {
  using door = await lonelyPort()
  await using folder = await testFolder()
  const file = join(folder.path, 'none.hl7')
  expect(await call(['send', 'hl7', '--port', door.port, 'samples/adt-a01.hl7', file])).toEqual({
    code: 1,
    out: '',
    err: `passerelle: ${file} cannot be read\n`,
  })
  expect(door.calls()).toBe(0)
})

test.each(['none.dcm', '.'])(
  'a DICOM file that cannot be read is named with its reason: %s',
  async (name) => {
    using door = await lonelyPort()
    await using folder = await testFolder()
    const file = join(folder.path, name)
    const { code, out } = await call(['send', 'dicom', '--port', door.port, file])
    expect({ code, out }).toEqual({ code: 1, out: `not sent\t${file}\tfile-unreadable\n` })
  },
)
