import type { Clock } from '../clock.js'

/** One object with its disposal: a million requests set ten million. */
interface Timer extends Disposable {
  readonly at: number
  readonly seq: number
  readonly run: () => void
  /** Its place in the heap; -1 once it has left. */
  index: number
}

/** Turns of the microtask queue in which nobody asks the clock anything, after which promises have come to rest. */
const QUIET_TURNS = 8

/**
 * A timer is so much later at least, in milliseconds, as real ones are later: who works out when something is due,
 * and finds at that time that by rounding it is not quite, would else wait for ever without time passing.
 */
const TICK = 1e-3

const TURN = Promise.resolve()

/**
 * Time that passes when it is told to: a binary heap of timers, those of one moment in the order in which they
 * were set. A timer costs the logarithm of their number. One that is disposed of leaves at once: most are, long
 * before they are due, and what stays is what the garbage collector has to move.
 */
export class VirtualClock implements Clock {
  readonly #heap: Timer[] = []
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
    const timer: Timer = {
      at: Math.max(at, this.#now + TICK),
      seq: this.#seq,
      run,
      index: -1,
      [Symbol.dispose]: () => this.#drop(timer),
    }
    this.#heap.push(timer)
    this.#rise(this.#heap.length - 1, timer)
    return timer
  }

  /** When the next timer is due; undefined where none is set. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at
  }

  /** Goes to the next timer and runs it; false where there is none. */
  runNext(): boolean {
    const timer = this.#heap[0]
    if (timer === undefined) return false
    this.#drop(timer)
    this.#now = timer.at
    timer.run()
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

  /** Takes a timer out of the heap; the last one fills its place. */
  #drop(timer: Timer): void {
    const { index } = timer
    if (index < 0) return
    timer.index = -1
    const last = this.#heap.pop()
    if (last === undefined || last === timer) return
    const up = index === 0 ? undefined : this.#heap[(index - 1) >>> 1]
    if (up !== undefined && isBefore(last, up)) this.#rise(index, last)
    else this.#sink(index, last)
  }

  /** Puts a timer into the hole at an index, or above it. */
  #rise(hole: number, timer: Timer): void {
    const heap = this.#heap
    let at = hole
    while (at > 0) {
      const up = (at - 1) >>> 1
      const parent = heap[up]
      if (parent === undefined || isBefore(parent, timer)) break
      heap[at] = parent
      parent.index = at
      at = up
    }
    heap[at] = timer
    timer.index = at
  }

  /** Puts a timer into the hole at an index, or below it. */
  #sink(hole: number, timer: Timer): void {
    const heap = this.#heap
    let at = hole
    for (;;) {
      const left = 2 * at + 1
      const a = heap[left]
      const b = heap[left + 1]
      if (a === undefined) break
      const takeRight = b !== undefined && isBefore(b, a)
      const child = takeRight ? b : a
      if (isBefore(timer, child)) break
      heap[at] = child
      child.index = at
      at = takeRight ? left + 1 : left
    }
    heap[at] = timer
    timer.index = at
  }
}

const NEVER: Disposable = { [Symbol.dispose]: () => undefined }

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq)
}
