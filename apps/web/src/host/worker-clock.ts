import type { Clock } from '@berth/scheduler'

/** The longest that setTimeout can wait; with more it would not wait at all. */
const LONGEST_MS = 2 ** 31 - 1

const now = (): number => performance.timeOrigin + performance.now()

/** The clock of a worker, whose timers no browser slows down when its tab is hidden. */
export function workerClock(): Clock {
  return {
    now,
    at(at, run) {
      let timer: ReturnType<typeof setTimeout> | undefined
      const wait = (): void => {
        const ms = Math.max(0, at - now())
        // Timers may fire a millisecond early; and a long wait is many waits.
        timer = setTimeout(() => (at > now() ? wait() : run()), Math.min(Math.ceil(ms), LONGEST_MS))
      }
      // Infinity never comes.
      if (Number.isFinite(at)) wait()
      return { [Symbol.dispose]: () => clearTimeout(timer) }
    },
  }
}
