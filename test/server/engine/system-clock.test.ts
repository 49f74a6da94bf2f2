import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../../apps/server/src/system-clock.js'

const DAY = 24 * 60 * 60 * 1_000

describe("the machine's clock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('calls once, not before its time', () => {
    const clock = systemClock()
    const run = vi.fn()
    clock.at(clock.now() + 500, run)
    vi.advanceTimersByTime(499)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2)
    expect(run).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(DAY)
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('waits for longer than a timer can', () => {
    const clock = systemClock()
    const run = vi.fn()
    clock.at(clock.now() + 60 * DAY, run)
    vi.advanceTimersByTime(59 * DAY)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2 * DAY)
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('never calls at infinity, nor when it was disposed of', () => {
    const clock = systemClock()
    const run = vi.fn()
    clock.at(Infinity, run)
    expect(vi.getTimerCount()).toBe(0)
    clock.at(clock.now() + 40 * DAY, run)[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(100 * DAY)
    expect(run).not.toHaveBeenCalled()
  })
})
