import type { RequestClass } from '../request.js'
import { byOrder, type RequestRecord } from '../request-record.js'
import { SortedLine } from '../sorted-line.js'
import type { Order, OrderedLine } from './order.js'

/** An order by one number that a request has from its arrival on. Since later requests have larger ones, nobody starves. */
export class KeyOrder implements Order {
  readonly all = new SortedLine<RequestRecord>(byOrder)
  readonly #keyOf: (record: RequestRecord) => number

  /** @param keyOf the least goes first; grows with the time of arrival, by a bounded amount beside it. */
  constructor(keyOf: (record: RequestRecord) => number) {
    this.#keyOf = keyOf
  }

  newLine(): OrderedLine {
    return new SortedLine<RequestRecord>(byOrder)
  }

  add(record: RequestRecord): void {
    record.key = this.#keyOf(record)
    this.all.add(record)
    record.line.waiting.add(record)
  }

  delete(record: RequestRecord): void {
    this.all.delete(record)
    record.line.waiting.delete(record)
  }

  move(record: RequestRecord, change: () => void): void {
    this.delete(record)
    change()
    this.add(record)
  }

  compare(a: RequestRecord, b: RequestRecord): number {
    return byOrder(a, b)
  }

  progressed(): void {
    // What jobs take does not change this order.
  }

  ended(): void {
    // Nor does it here.
  }
}

/** By arrival, whatever the class. */
export function fifoKey(record: RequestRecord): number {
  return record.waitsSince
}

/** How much later a request is served for each millisecond that it is expected to take. */
const DELAY_A_WORK = 10

/**
 * By what a request is expected to take: as though it had come ten times that later, and so much later as its
 * class is served. Who comes later than that never goes before it.
 */
export function shortestKey(classDelayMs: Readonly<Record<RequestClass, number>>) {
  return (record: RequestRecord): number =>
    record.waitsSince + classDelayMs[record.class] + DELAY_A_WORK * record.work.ms
}
