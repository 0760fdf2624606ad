import { join } from 'node:path'
import { expect, test } from 'vitest'

import { testFolder } from '../support/folder.ts'
import { freePort } from '../support/ports.ts'
import { runProgram } from '../support/program.ts'

test('a request that was accepted is answered, also when the program dies and starts again', async () => {
  await using folder = await testFolder()
  const http = await freePort()
  const variables = {
    PASSERELLE_DATA_DIR: join(folder.path, 'data'),
    PASSERELLE_HTTP_PORT: String(http),
    PASSERELLE_MLLP_PORT: '0',
    PASSERELLE_DICOM_PORT: '0',
    PASSERELLE_BOOTSTRAP_CLIENT_ID: 'tester',
    PASSERELLE_BOOTSTRAP_CLIENT_SECRET: 'a secret of the test, long enough',
  }
  const origin = `http://127.0.0.1:${http}`
  const base = `${origin}/t/demo/fhir`
  const token = async () => {
    const answer = await fetch(`${origin}/oauth2/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`tester:${variables.PASSERELLE_BOOTSTRAP_CLIENT_SECRET}`).toString('base64')}`,
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.cruds' }),
    })
    return ((await answer.json()) as { access_token: string }).access_token
  }
  const call = async (url: string, init: RequestInit = {}) =>
    fetch(url, {
      ...init,
      headers: {
        authorization: `Bearer ${await token()}`,
        'content-type': 'application/fhir+json',
        ...(init.headers as Record<string, string>),
      },
    })
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
