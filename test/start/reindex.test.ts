import { expect, test } from 'vitest'

import { definition, practitioner } from '../../src/store/search-model/team.fixture.ts'
import { testFolder } from '../support/folder.ts'
import { runProgram } from '../support/program.ts'
import { servedFrom } from '../support/served.ts'

const PRACTITIONERS = 6000
const TEAMS = 10

test('a $reindex that was accepted is done, also when the program dies and starts again', async () => {
  await using folder = await testFolder()
  const { variables, base, call: request } = await servedFrom(folder.path)
  const call = (method: string, url: string, body?: unknown) =>
    request(url, { method, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const member = (i: number) => ({
    ...practitioner(`team${i % TEAMS}`),
    resourceType: 'Practitioner',
    id: `p${i}`,
  })
  const put = (resources: readonly { readonly resourceType: string; readonly id: string }[]) =>
    call('POST', base, {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: resources.map((resource) => ({
        resource,
        request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      })),
    })
  const progress = async (url: string) => {
    const answer = await call('GET', url)
    const { parameter } = (await answer.json()) as { parameter: { name: string; valueDecimal?: number }[] }
    const number = (name: string) => parameter.find((each) => each.name === name)!.valueDecimal!
    return { status: answer.status, seen: number('seen'), failed: number('failed') }
  }

  let location: string
  {
    await using program = runProgram(['serve'], variables)
    await program.said(/is ready\./)
    for (let from = 0; from < PRACTITIONERS; from += 1000) {
      const made = await put(Array.from({ length: 1000 }, (_, i) => member(from + i)))
      expect(made.status).toBe(200)
    }
    expect((await put([{ ...definition(), resourceType: 'SearchParameter', id: 'team' }])).status).toBe(200)
    expect((await call('GET', `${base}/Practitioner?team=team1`)).status).toBe(400)
    const begun = await call('POST', `${base}/Practitioner/$reindex`)
    expect(begun.status).toBe(202)
    location = begun.headers.get('content-location')!
    await expect
      .poll(async () => (await progress(location)).seen, { timeout: 30_000, interval: 20 })
      .toBeGreaterThan(0)
    const { status } = await progress(location)
    program.kill('SIGKILL')
    await program.ended
    expect(status).toBe(202)
  }
  await using again = runProgram(['serve'], variables)
  await again.said(/is ready\./)
  await expect
    .poll(async () => (await progress(location)).status, { timeout: 120_000, interval: 500 })
    .toBe(200)
  expect(await progress(location)).toEqual({ status: 200, seen: PRACTITIONERS, failed: 0 })
  const found = await call('GET', `${base}/Practitioner?team=team1&_total=accurate&_count=0`)
  expect((await found.json()) as object).toMatchObject({ total: PRACTITIONERS / TEAMS })
}, 240_000)
