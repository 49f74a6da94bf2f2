import type { Random } from './random.js'

/** When requests come. Rates are requests a second. */
export type Arrivals =
  | { readonly kind: 'poisson'; readonly rate: number }
  /** On and off by turns, each for a random time with the given mean; Poisson while on, and nothing while off. */
  | { readonly kind: 'bursts'; readonly rate: number; readonly onMs: number; readonly offMs: number }
  /** A wave between a low at midnight and a high at noon. Absent: a day is as long as it is. */
  | { readonly kind: 'day-and-night'; readonly low: number; readonly high: number; readonly dayMs?: number }

const DAY = 24 * 3_600_000

/** Times of requests in milliseconds, rising, without an end. */
export function* arrivalTimes(arrivals: Arrivals, random: Random): Generator<number, never, void> {
  let at = 0
  if (arrivals.kind === 'poisson') {
    for (;;) yield (at += (random.exponential() * 1_000) / arrivals.rate)
  }
  if (arrivals.kind === 'bursts') {
    let end = random.exponential() * arrivals.onMs
    for (;;) {
      at += (random.exponential() * 1_000) / arrivals.rate
      // What is left of the wait when a burst ends is waited in the next one: a Poisson process has no memory.
      while (at > end) {
        const off = random.exponential() * arrivals.offMs
        at += off
        end += off + random.exponential() * arrivals.onMs
      }
      yield at
    }
  }
  // Thinning (Lewis and Shedler, 1979): as many as at noon come, and are taken with the chance of their hour.
  const { low, high, dayMs = DAY } = arrivals
  for (;;) {
    at += (random.exponential() * 1_000) / high
    const rate = low + ((high - low) * (1 - Math.cos((2 * Math.PI * at) / dayMs))) / 2
    if (random.uniform() * high < rate) yield at
  }
}
