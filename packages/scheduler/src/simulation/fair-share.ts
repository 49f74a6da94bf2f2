import type { Clock } from '../clock.js'

interface Flow {
  /** How much each flow will have been given when this one is done. */
  readonly doneAt: number
  readonly done: () => void
}

/** Of a flow's work, what rounding may leave over. */
const ROUNDING = 1e-6

/**
 * A link that gives each of its flows an equal share: a disk that several loads read from. Work is in
 * milliseconds that it would take alone.
 */
export class FairShare {
  readonly #clock: Clock
  readonly #flows = new Set<Flow>()
  /** What each flow was given since the beginning. */
  #given = 0
  #at = 0
  #timer: Disposable | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `done` when so much work has been done; disposing in time prevents it. */
  add(work: number, done: () => void): Disposable {
    this.#pass()
    const flow: Flow = { doneAt: this.#given + work, done }
    this.#flows.add(flow)
    this.#plan()
    return {
      [Symbol.dispose]: () => {
        this.#pass()
        if (this.#flows.delete(flow)) this.#plan()
      },
    }
  }

  #pass(): void {
    const now = this.#clock.now()
    if (this.#flows.size > 0) this.#given += (now - this.#at) / this.#flows.size
    this.#at = now
  }

  #plan(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
    let next = Infinity
    for (const { doneAt } of this.#flows) next = Math.min(next, doneAt)
    if (next === Infinity) return
    const due = this.#at + Math.max(0, next - this.#given) * this.#flows.size
    this.#timer = this.#clock.at(due, () => {
      this.#pass()
      this.#given = Math.max(this.#given, next)
      const done = [...this.#flows].filter(({ doneAt }) => doneAt <= this.#given + ROUNDING)
      for (const flow of done) this.#flows.delete(flow)
      this.#plan()
      for (const flow of done) flow.done()
    })
  }
}
