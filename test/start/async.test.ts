import { expect, test } from 'vitest'

import { testFolder } from '../support/folder.ts'
import { runProgram } from '../support/program.ts'
import { servedFrom } from '../support/served.ts'

test('a request that was accepted is answered, also when the program dies and starts again', async () => {
  await using folder = await testFolder()
  const { variables, base, call } = await servedFrom(folder.path)
  const sized = (name: string, size: number) => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: Array.from({ length: size }, (_, i) => ({
      resource: { resourceType: 'Patient', identifier: [{ system: `urn:${name}`, value: String(i) }] },
      request: { method: 'POST', url: 'Patient' },
    })),
  })
  const kickOff = async (name: string, size: number) => {
    const answer = await call(base, {
      method: 'POST',
      headers: { prefer: 'respond-async' },
      body: JSON.stringify(sized(name, size)),
    })
    expect(answer.status).toBe(202)
    return answer.headers.get('content-location')!
  }
  const total = async (name: string) => {
    const answer = await call(
      `${base}/Patient?identifier=${encodeURIComponent(`urn:${name}|`)}&_total=accurate&_count=0`,
    )
    return ((await answer.json()) as { total: number }).total
  }

  const accepted: string[] = []
  {
    await using program = runProgram(['serve'], variables)
    await program.said(/is ready\./)
    const soon = await kickOff('soon', 10)
    await expect.poll(async () => (await call(soon)).status, { timeout: 20_000 }).toBe(200)
    for (const name of ['a', 'b', 'c', 'd']) accepted.push(await kickOff(name, 1500))
    program.kill('SIGKILL')
    await program.ended
  }
  await using again = runProgram(['serve'], variables)
  await again.said(/is ready\./)
  for (const [i, url] of accepted.entries()) {
    await expect.poll(async () => (await call(url)).status, { timeout: 120_000, interval: 500 }).toBe(200)
    const { entry } = (await (await call(url)).json()) as { entry: { response: { status: string } }[] }
    expect(new Set(entry.map(({ response }) => response.status))).toEqual(new Set(['201 Created']))
    expect(await total('abcd'[i]!)).toBe(1500)
  }
}, 240_000)
