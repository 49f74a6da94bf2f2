import type { Line } from './line.js'
import type { Order } from './order/order.js'
import type { RunnerEntry } from './runner-entry.js'
import type { Shortage } from './shortage.js'

/** What is to be looked at: lines about whose heads something may be to decide, and runners that may be idle. */
export class Agenda {
  readonly #order: Order
  readonly #short: Shortage
  readonly #lines = new Set<Line>()
  readonly #idle = new Set<RunnerEntry>()

  constructor(order: Order, short: Shortage) {
    this.#order = order
    this.#short = short
  }

  get hasLines(): boolean {
    return this.#lines.size > 0
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0 && this.#idle.size === 0
  }

  touch(line: Line): void {
    this.#lines.add(line)
  }

  /** Marks the lines whose heads wait for memory or cores. */
  touchShort(): void {
    for (const line of this.#short) this.touch(line)
  }

  /** Marks a runner whose keep-alive begins once no waiting request wants it. */
  touchIdle(entry: RunnerEntry): void {
    this.#idle.add(entry)
  }

  forget(entry: RunnerEntry): void {
    this.#idle.delete(entry)
  }

  /** The marked lines, in the order of their heads; they are marked no longer. */
  takeLines(): readonly Line[] {
    const lines = [...this.#lines]
    this.#lines.clear()
    if (lines.length < 2) return lines
    return lines
      .map((line) => ({ line, head: line.waiting.first }))
      .toSorted(({ head: x }, { head: y }) => {
        if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
        return this.#order.compare(x, y)
      })
      .map(({ line }) => line)
  }

  /** The marked runners; they are marked no longer. */
  takeIdle(): readonly RunnerEntry[] {
    const idle = [...this.#idle]
    this.#idle.clear()
    return idle
  }
}
