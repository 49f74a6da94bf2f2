/** What of time a timeline shows. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** From two seconds to all that is kept. */
const LEAST_MS = 2_000
const MOST_MS = 60 * 60_000

/** Makes it show `factor` times as much; the moment at `anchor` (from 0 at the left to 1) stays where it is. */
export function zoomRange({ from, to }: TimeRange, factor: number, anchor: number): TimeRange {
  const span = Math.min(MOST_MS, Math.max(LEAST_MS, (to - from) * factor))
  const still = from + (to - from) * anchor
  return { from: still - span * anchor, to: still + span * (1 - anchor) }
}

/** Moves it by a part of what it shows; never past now, nor out of what is kept. */
export function panRange({ from, to }: TimeRange, share: number, now: number): TimeRange {
  const span = to - from
  const end = Math.min(now, Math.max(now - MOST_MS + span, to + span * share))
  return { from: end - span, to: end }
}

/** Steps between marks that people count in. Milliseconds. */
const STEPS = [100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1_800e3]

/** Where marks go, at most so many. */
export function ticksOf({ from, to }: TimeRange, most: number): readonly number[] {
  const step = STEPS.find((each) => (to - from) / each <= most) ?? 3_600e3
  const ticks: number[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at)
  return ticks
}
