import type { ModelId, Purpose } from './backend.js'
import { newLine, type Line } from './line.js'
import type { RequestClass } from './request.js'
import type { Order } from './order/order.js'
import { byDeadline, type RequestRecord } from './request-record.js'
import { SortedLine } from './sorted-line.js'

/**
 * All requests that wait: in one order over all (for places in line) and a line for each model (for whom a
 * free slot goes to), both as the policy has it, and by deadline. Every change costs the logarithm of their number.
 */
export class RequestQueue {
  readonly #lines = new Map<string, Line>()
  readonly #order: Order
  /** Times are added up from here, so that sums of many stay exact. */
  readonly #epoch: number
  readonly #deadlines = new SortedLine<RequestRecord>(byDeadline)

  readonly #byClass: Record<RequestClass, number> = { interactive: 0, normal: 0, batch: 0 }

  /** @param epoch clock milliseconds, of now about */
  constructor(order: Order, epoch: number) {
    this.#order = order
    this.#epoch = epoch
  }

  get size(): number {
    return this.#order.all.size
  }

  /** How many wait that are of a class. */
  waiting(of: RequestClass): number {
    return this.#byClass[of]
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
      line = newLine(model, purpose, this.#order.newLine())
      this.#lines.set(key, line)
    }
    return line
  }

  lines(): Iterable<Line> {
    return this.#lines.values()
  }

  /** Its class is not to be changed while it is here. */
  add(record: RequestRecord): void {
    this.#byClass[record.class] += 1
    record.line.waitsSince += record.waitsSince - this.#epoch
    this.#order.add(record)
    this.#deadlines.add(record)
  }

  /** @param to `running`: because its turn has come. */
  delete(record: RequestRecord, to: 'running' | 'over'): void {
    this.#byClass[record.class] -= 1
    record.line.waitsSince -= record.waitsSince - this.#epoch
    this.#order.delete(record, to)
    this.#deadlines.delete(record)
  }

  /** Moves a request that waits to another class. */
  reclass(record: RequestRecord, to: RequestClass): void {
    this.#byClass[record.class] -= 1
    this.#byClass[to] += 1
    this.#order.move(record, () => (record.class = to))
  }

  /** The waiting times of a line's requests, added up: milliseconds. */
  waitedMs(line: Line, now: number): number {
    return line.waiting.size * (now - this.#epoch) - line.waitsSince
  }

  /** Its place, from 1. */
  position(record: RequestRecord): number {
    return this.#order.all.rank(record) + 1
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
    return this.#order.all[Symbol.iterator]()
  }
}
