import type { Waiting } from '@berth/scheduler'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Answer } from '../../../apps/server/src/generate/index.js'
import { WaitingLines } from '../../../apps/server/src/generate/waiting-lines.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Lines about a request that stands where the test says, and what has been said of it. */
function lines() {
  const at: { waiting: Waiting | null; begin: () => void } = { waiting: null, begin: () => undefined }
  const begun = new Promise<void>((resolve) => (at.begin = resolve))
  const answer: Pick<Answer, 'begun' | 'waiting'> = { begun: () => begun, waiting: () => at.waiting }
  const told = new WaitingLines(answer)
  const said: (string | null)[] = []
  const run = async (): Promise<void> => {
    for (;;) {
      const line = await told.next()
      said.push(line)
      if (line === null) return
    }
  }
  return { at, said, run }
}

const place = (position: number, startsInMs: number | null): Waiting => ({
  position,
  why: 'the one slot\nof a is taken',
  startsInMs,
})

describe('what a waiting stream says', () => {
  it('is its place when that changes, not each second that it is expected sooner', async () => {
    const { at, said, run } = lines()
    at.waiting = place(2, 8_200)
    const over = run()
    await vi.advanceTimersByTimeAsync(1_000)
    at.waiting = place(2, 4_000)
    await vi.advanceTimersByTimeAsync(5_000)
    at.waiting = place(1, null)
    await vi.advanceTimersByTimeAsync(1_000)
    at.begin()
    await over
    expect(said).toEqual([
      'berth position 2, the one slot of a is taken, expected in 9 s',
      'berth position 1, the one slot of a is taken',
      null,
    ])
  })

  it('is something every fifteen seconds, in line and at work', async () => {
    const { at, said, run } = lines()
    at.waiting = place(1, 60_000)
    const over = run()
    await vi.advanceTimersByTimeAsync(15_000)
    at.waiting = null
    await vi.advanceTimersByTimeAsync(31_000)
    at.begin()
    await over
    expect(said).toEqual([
      'berth position 1, the one slot of a is taken, expected in 60 s',
      'berth position 1, the one slot of a is taken, expected in 60 s',
      'berth is at it',
      'berth is at it',
      null,
    ])
    expect(vi.getTimerCount()).toBe(0)
  })
})
