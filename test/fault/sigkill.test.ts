import { expect, test } from 'vitest'

import { runRounds } from './rounds.ts'

test('three kills under mixed load lose nothing that was acknowledged and double nothing', async () => {
  const report = await runRounds(3, () => {})
  expect(report.lost).toEqual([])
  expect(report.doubled).toEqual([])
  for (const [kind, count] of Object.entries(report.acknowledged)) expect(count, kind).toBeGreaterThan(0)
}, 180_000)
