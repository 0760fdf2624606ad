import { expect, test } from 'vitest'

import { hasProgram } from '../support/programs.ts'
import { runOutages } from './outages.ts'

const victims = hasProgram('redis-server') ? (['database', 'redis'] as const) : (['database'] as const)

test('without its database and its queue the door acknowledges nothing, and afterwards all is there once and in order', async () => {
  const report = await runOutages({
    rounds: 1,
    victims,
    together: true,
    awayMs: 1_000,
    fullDisk: true,
    log: () => {},
  })
  expect(report.lost).toEqual([])
  expect(report.wrong).toEqual([])
  expect(report.handled).toBe(report.acknowledged)
  expect(report.acknowledged).toBeGreaterThan(0)
  // What was acknowledged while the disk filled up is among what was handled. Where none can be mounted there is none.
  expect(report.fullDisk?.refused ?? 1).toBeGreaterThan(0)
}, 180_000)
