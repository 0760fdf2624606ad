import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'

import { watchSilence } from './silence.ts'

test('a thread that says nothing for twelve ticks is told once, one that speaks is not', async () => {
  const onSilence = vi.fn<() => void>()
  using watch = watchSilence(onSilence, 5)
  for (let n = 0; n < 20; n++) {
    watch.heard()
    await sleep(5)
  }
  expect(onSilence).not.toHaveBeenCalled()
  await vi.waitFor(() => expect(onSilence).toHaveBeenCalled())
  await sleep(30)
  expect(onSilence).toHaveBeenCalledTimes(1)
})
