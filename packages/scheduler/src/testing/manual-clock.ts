import type { Clock } from '../clock.js'
import { SortedLine } from '../sorted-line.js'

interface Timer {
  readonly at: number
  readonly seq: number
  readonly run: () => void
}

/** Turns of the microtask queue after which a chain of promises is taken to have come to rest. */
const TURNS = 60

/** A clock that stands still until it is told to go on. Timers of one moment run in the order in which they were set. */
export class ManualClock implements Clock {
  readonly #timers = new SortedLine<Timer>((a, b) => a.at - b.at || a.seq - b.seq)
  #now: number
  #seq = 0

  constructor(now = 0) {
    this.#now = now
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  at(at: number, run: () => void): Disposable {
    if (at === Infinity) return { [Symbol.dispose]: () => undefined }
    this.#seq += 1
    const timer: Timer = { at, seq: this.#seq, run }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  /** Resolves when promises that only wait for each other have settled. */
  async settle(): Promise<void> {
    for (let i = 0; i < TURNS; i += 1) await Promise.resolve()
  }

  /** Goes on by so many milliseconds; each timer runs at its own moment, with promises settled before and after. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await this.settle()
    for (let next = this.#timers.first; next !== undefined && next.at <= end; next = this.#timers.first) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await this.settle()
    }
    this.#now = end
  }

  /** Goes on to the next timer; false where there is none. */
  async step(): Promise<boolean> {
    await this.settle()
    const next = this.#timers.first
    if (next === undefined) return false
    await this.advance(Math.max(0, next.at - this.#now))
    return true
  }
}
