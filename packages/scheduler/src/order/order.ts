import type { RunEnd, RunProgress } from '../backend.js'
import type { RequestRecord } from '../request-record.js'
import type { WaitingLine } from './waiting-line.js'

/**
 * A policy: whose turn it is, within the line of each model and between the heads of two lines. It is told of
 * every request that comes into line and goes out of it, and of what jobs compute; each of that, and to ask
 * who is first, costs the logarithm of how many wait.
 */
export interface Order {
  /** Everybody who waits. */
  readonly all: WaitingLine
  /** The line of one model, empty as yet. */
  newLine(): OrderedLine
  /** Puts a request in line: of its model, and of all. */
  add(record: RequestRecord): void
  /** Takes it out of both; where it was in neither, nothing happens. @param to `running`: because its turn has come. */
  delete(record: RequestRecord, to: 'running' | 'over'): void
  /** Changes what a waiting request's place depends on, its class for one. */
  move(record: RequestRecord, change: () => void): void
  /** Which of the heads of two lines is looked at first: below 0 for the first one. */
  compare(a: RequestRecord, b: RequestRecord): number

  // Once for each time that `delete` said `running`, in this order

  progressed(record: RequestRecord, progress: RunProgress): void
  /** @param end null: it had no job, and is over at once. */
  ended(record: RequestRecord, end: RunEnd | null): void
}

/** The line of one model: what is in it, the order puts there and takes out again. */
export interface OrderedLine extends WaitingLine {
  add(record: RequestRecord): void
  delete(record: RequestRecord): boolean
}
