import type { ModelId, Purpose } from './backend.js'
import { newLine, type Line } from './line.js'
import { byDeadline, byOrder, type RequestRecord } from './request-record.js'
import { SortedLine } from './sorted-line.js'

/**
 * All requests that wait: in one order over all (for places in line), a line for each model (for whom a
 * free slot goes to), and by deadline. Every change costs the logarithm of their number.
 */
export class RequestQueue {
  readonly #lines = new Map<string, Line>()
  readonly #order = new SortedLine<RequestRecord>(byOrder)
  readonly #deadlines = new SortedLine<RequestRecord>(byDeadline)

  get size(): number {
    return this.#order.size
  }

  /** The waiting request whose deadline is next. */
  get nextDeadline(): RequestRecord | undefined {
    return this.#deadlines.first
  }

  /** The line of a model and purpose; it is made where there is none. */
  line(model: ModelId, purpose: Purpose): Line {
    const key = `${purpose} ${model}`
    let line = this.#lines.get(key)
    if (line === undefined) {
      line = newLine(model, purpose)
      this.#lines.set(key, line)
    }
    return line
  }

  lines(): Iterable<Line> {
    return this.#lines.values()
  }

  add(record: RequestRecord): void {
    this.#order.add(record)
    this.#deadlines.add(record)
    record.line.waiting.add(record)
  }

  delete(record: RequestRecord): void {
    this.#order.delete(record)
    this.#deadlines.delete(record)
    record.line.waiting.delete(record)
  }

  /** Its place, from 1. */
  position(record: RequestRecord): number {
    return this.#order.rank(record) + 1
  }

  /** Drops a line that has neither requests nor runners: names of models must not pile up. */
  prune(line: Line): void {
    if (line.waiting.size > 0 || line.runners.size > 0) return
    line.timer?.[Symbol.dispose]()
    const key = `${line.purpose} ${line.model}`
    // A line that was dropped while its model was being read must not take its successor along.
    if (this.#lines.get(key) === line) this.#lines.delete(key)
  }

  [Symbol.iterator](): Iterator<RequestRecord> {
    return this.#order[Symbol.iterator]()
  }
}
