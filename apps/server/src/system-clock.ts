import type { Clock } from '@berth/scheduler'

const now = (): number => performance.timeOrigin + performance.now()

/** The longest that setTimeout can wait; with more it would not wait at all. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * The machine's clock: milliseconds since 1970 as they were when the process began, counted on without the
 * jumps that the time of day makes. Its timers keep no process alive.
 */
export function systemClock(): Clock {
  return {
    now,
    at(at, run) {
      let timer: NodeJS.Timeout | undefined
      const wait = (): void => {
        const ms = Math.max(0, at - now())
        // Timers may fire a millisecond early; and a long wait is many waits.
        timer = setTimeout(() => (at > now() ? wait() : run()), Math.min(Math.ceil(ms), LONGEST_MS))
        timer.unref()
      }
      // Infinity never comes.
      if (Number.isFinite(at)) wait()
      return { [Symbol.dispose]: () => clearTimeout(timer) }
    },
  }
}
