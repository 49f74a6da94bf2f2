import type { Clock } from '../clock.js'

interface Timer {
  readonly at: number
  readonly seq: number
  /** Null once it was disposed of: it stays in the heap until it comes up, or is swept. */
  run: (() => void) | null
}

/** Turns of the microtask queue in which nobody asks the clock anything, after which promises have come to rest. */
const QUIET_TURNS = 16

/**
 * A timer is so much later at least, in milliseconds, as real ones are later: who works out when something is due,
 * and finds at that time that by rounding it is not quite, would else wait for ever without time passing.
 */
const TICK = 1e-3

/** No sweeping of so few dead timers. */
const FEW = 1_024

const TURN = Promise.resolve()

/**
 * Time that passes when it is told to: a binary heap of timers, those of one moment in the order in which they
 * were set. A timer costs the logarithm of their number, a disposed one nothing more.
 */
export class VirtualClock implements Clock {
  #heap: Timer[] = []
  #dead = 0
  #now = 0
  #seq = 0
  /** Counts whatever is asked of the clock: whoever acts asks it what time it is. */
  #asked = 0

  now(): number {
    this.#asked += 1
    return this.#now
  }

  at(at: number, run: () => void): Disposable {
    this.#asked += 1
    if (at === Infinity) return NEVER
    this.#seq += 1
    const timer: Timer = { at: Math.max(at, this.#now + TICK), seq: this.#seq, run }
    this.#push(timer)
    return {
      [Symbol.dispose]: () => {
        if (timer.run === null) return
        timer.run = null
        this.#dead += 1
        if (this.#dead > FEW && this.#dead * 2 > this.#heap.length) this.#sweep()
      },
    }
  }

  /** When the next timer is due; undefined where none is set. */
  get nextAt(): number | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.run !== null) return first?.at
      this.#pop()
      this.#dead -= 1
    }
  }

  /** Goes to the next timer and runs it; false where there is none. */
  runNext(): boolean {
    const at = this.nextAt
    const timer = this.#heap[0]
    if (at === undefined || timer === undefined) return false
    this.#pop()
    this.#now = at
    const { run } = timer
    timer.run = null
    run?.()
    return true
  }

  /** Goes to a moment that no timer comes before. */
  advanceTo(at: number): void {
    const next = this.nextAt
    if (next !== undefined && next < at) throw new RangeError(`A timer at ${next} comes before ${at}`)
    this.#now = Math.max(this.#now, at)
  }

  /**
   * Resolves when promises that only wait for each other have settled: when for so many turns of the
   * microtask queue nobody has asked the clock, without which neither the scheduler nor a backend does
   * anything. A longer chain of promises that end in nothing is not seen; nothing comes of it either.
   */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      const before = this.#asked
      await TURN
      quiet = this.#asked === before ? quiet + 1 : 0
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const up = (at - 1) >>> 1
      const parent = heap[up]
      if (parent === undefined || isBefore(parent, timer)) break
      heap[at] = parent
      at = up
    }
    heap[at] = timer
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(0, last)
  }

  /** Puts a timer into the hole at an index, or below it. */
  #sink(hole: number, timer: Timer): void {
    const heap = this.#heap
    let at = hole
    for (;;) {
      const left = 2 * at + 1
      const [a, b] = [heap[left], heap[left + 1]]
      if (a === undefined) break
      const takeRight = b !== undefined && isBefore(b, a)
      const child = takeRight ? b : a
      if (isBefore(timer, child)) break
      heap[at] = child
      at = takeRight ? left + 1 : left
    }
    heap[at] = timer
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((timer) => timer.run !== null)
    this.#dead = 0
    for (let at = (this.#heap.length >>> 1) - 1; at >= 0; at -= 1) {
      const timer = this.#heap[at]
      if (timer !== undefined) this.#sink(at, timer)
    }
  }
}

const NEVER: Disposable = { [Symbol.dispose]: () => undefined }

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq)
}
