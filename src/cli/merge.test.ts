import { Readable } from 'node:stream'

import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { readConfig } from '../config.ts'
import { silentLog } from '../kernel/log.ts'
import { runCli } from './run.ts'

test('the merges of a tenant are listed, the latest first, and of no other tenant', async () => {
  await using database = await testDatabase()
  const { tenant, tenantKey, addTenant, ownerQuery, url } = database
  const other = await addTenant('other')
  const rows = [
    [tenant, '01990000-0000-7000-8000-000000000001', 'a', 'b', '2026-03-01T10:00:00Z'],
    [tenant, '01990000-0000-7000-8000-000000000002', 'b', 'c', null],
    [other, '01990000-0000-7000-8000-000000000003', 'x', 'y', null],
  ] as const
  for (const row of rows)
    await ownerQuery(
      `insert into passerelle.reassignment (tenant, id, does, type, from_id, into_id, done_at, source, moved, undone_at)
       values ($1, $2, 'merge', 'Patient', $3, $4, '2026-02-01T10:00:00Z', 'urn:passerelle:lab#1', 3, $5)`,
      row,
    )
  const call = async (...words: string[]) => {
    const seen = { out: '', err: '' }
    const code = await runCli(words, {
      out: (text) => void (seen.out += text),
      err: (text) => void (seen.err += text),
      input: Readable.from([]),
      config: () => readConfig({ PASSERELLE_DATABASE_URL: url }),
      log: () => silentLog,
      untilStopped: () => new Promise(() => undefined),
    })
    return { code, ...seen }
  }
  const { code, out } = await call('merge', 'list', '--tenant', tenantKey)
  expect(code).toBe(0)
  const lines = out.trim().split('\n')
  expect(lines.map((line) => line.split('\t').slice(1, 4).join(' '))).toEqual([
    'merge Patient/b Patient/c',
    'merge Patient/a Patient/b',
  ])
  expect(lines[0]).toContain('2026-02-01T10:00:00.000Z')
  expect(lines[0]).toMatch(/3 moved\turn:passerelle:lab#1\tin force$/)
  expect(lines[1]).toMatch(/undone 2026-03-01T10:00:00.000Z$/)
  expect(await call('merge', 'list')).toMatchObject({ code: 2 })
  expect((await call('merge', 'list', '--tenant', 'nobody')).code).toBe(1)
})
