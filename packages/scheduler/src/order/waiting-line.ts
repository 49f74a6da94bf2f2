import type { RequestRecord } from '../request-record.js'

/** Requests that wait, seen in the order in which they would be served as things are now. */
export interface WaitingLine extends Iterable<RequestRecord> {
  readonly size: number
  /** Who is served next. */
  readonly first: RequestRecord | undefined
  /** How many come before one that is in this line; 0 for the first. */
  rank(record: RequestRecord): number
}
