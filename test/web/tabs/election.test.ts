import { deferred } from '@berth/scheduler'
import type { Deferred } from '@berth/scheduler'
import { expect, it, vi } from 'vitest'
import { names } from '../../../apps/web/src/host/index.js'
import { standForElection } from '../../../apps/web/src/tabs/election.js'
import { MemoryLocks } from './memory-locks.js'

const SPACE = 'test'

/** A tab that stands for election, and the workers that it started. */
function tab(locks: MemoryLocks, name: string) {
  const mine = locks.tab()
  const signal = new AbortController()
  const leading: (string | null)[] = []
  const workers: { readonly epoch: string; readonly begun: Deferred<void>; readonly die: () => void }[] = []
  const pauses: Deferred<void>[] = []
  let epochs = 0
  void standForElection({
    locks: mine,
    space: SPACE,
    newEpoch: () => `${name}${(epochs += 1)}`,
    leading: (epoch) => leading.push(epoch),
    wait: () => {
      const pause = deferred<void>()
      pauses.push(pause)
      return pause.promise
    },
    start: (epoch) => {
      const life = deferred<void>()
      const begun = deferred<void>()
      void mine.hold(names(SPACE).life(epoch), () => life.promise)
      workers.push({ epoch, begun, die: () => life.resolve() })
      return { begun: begun.promise, stop: () => life.resolve() }
    },
    signal: signal.signal,
  })
  return { leading, workers, pauses, close: () => mine.close() }
}

it('one tab leads; when it is closed another does', async () => {
  const locks = new MemoryLocks()
  const a = tab(locks, 'a')
  await vi.waitFor(() => expect(a.leading).toEqual(['a1']))
  const b = tab(locks, 'b')
  a.workers[0]?.begun.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  expect(b.workers).toEqual([])
  a.close()
  await vi.waitFor(() => expect(b.leading).toEqual(['b1']))
  expect(a.workers).toHaveLength(1)
})

it('a worker that dies gives another tab its turn, and its own tab one after a pause', async () => {
  const locks = new MemoryLocks()
  const a = tab(locks, 'a')
  await vi.waitFor(() => expect(a.workers).toHaveLength(1))
  a.workers[0]?.begun.resolve()
  const b = tab(locks, 'b')
  a.workers[0]?.die()
  await vi.waitFor(() => expect(b.leading).toEqual(['b1']))
  expect(a.leading).toEqual(['a1', null])
  a.pauses[0]?.resolve()
  b.close()
  await vi.waitFor(() => expect(a.leading).toEqual(['a1', null, 'a2']))
})

it('a worker that cannot begin is ended, and tried again after a pause, not before', async () => {
  const locks = new MemoryLocks()
  const a = tab(locks, 'a')
  await vi.waitFor(() => expect(a.workers).toHaveLength(1))
  a.workers[0]?.begun.reject(new Error('no script'))
  await vi.waitFor(() => expect(a.pauses).toHaveLength(1))
  expect(a.leading).toEqual(['a1', null])
  expect(locks.isHeld(names(SPACE).life('a1'))).toBe(false)
  expect(a.workers).toHaveLength(1)
  a.pauses[0]?.resolve()
  await vi.waitFor(() => expect(a.workers).toHaveLength(2))
})
