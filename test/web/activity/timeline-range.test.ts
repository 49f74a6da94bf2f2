import { describe, expect, it } from 'vitest'
import { panRange, ticksOf, zoomRange } from '../../../apps/web/src/activity/view/timeline-range.js'

const HOUR = 3_600_000
const NOW = 10 * HOUR

const span = ({ from, to }: { from: number; to: number }) => to - from

describe('what of time the timeline shows', () => {
  it('keeps the moment under the pointer where it is', () => {
    expect(zoomRange({ from: 0, to: 60_000 }, 0.5, 0.25)).toEqual({ from: 7_500, to: 37_500 })
    expect(zoomRange({ from: 0, to: 60_000 }, 2, 1)).toEqual({ from: -60_000, to: 60_000 })
  })

  it('shows two seconds at least and an hour at most', () => {
    expect(span(zoomRange({ from: 0, to: 60_000 }, 1e-9, 0.5))).toBe(2_000)
    expect(span(zoomRange({ from: 0, to: 60_000 }, 1e9, 0.5))).toBe(HOUR)
  })

  it('goes no further than now, nor than what is kept', () => {
    const minute = { from: NOW - 60_000, to: NOW }
    expect(panRange(minute, 5, NOW)).toEqual(minute)
    expect(panRange(minute, -0.5, NOW)).toEqual({ from: NOW - 90_000, to: NOW - 30_000 })
    expect(panRange(minute, -1e6, NOW)).toEqual({ from: NOW - HOUR, to: NOW - HOUR + 60_000 })
  })

  it.each([2_000, 60_000, 7 * 60_000, HOUR])(
    'marks %d ms at whole steps, few enough to be read',
    (length) => {
      const ticks = ticksOf({ from: NOW - length + 123, to: NOW }, 8)
      expect(ticks.length).toBeGreaterThan(1)
      expect(ticks.length).toBeLessThanOrEqual(9)
      const [first = 0, second = 0] = ticks
      expect(first % (second - first)).toBe(0)
    },
  )
})
