import type { Backend, Run } from './backend.js'
import type { Deferred } from './deferred.js'
import type { BackendError } from './errors.js'
import type { Line } from './line.js'
import type { Grant, RequestClass, RequestId, SchedulerRequest } from './request.js'

/** What a foreign engine said of a request that another one may well not say. */
export interface Refusal {
  readonly backend: Backend
  readonly error: BackendError
}

/** What the scheduler keeps of a request from its admission to its end. */
export interface RequestRecord {
  readonly id: RequestId
  /** Counts up with every request; breaks ties of `key`. */
  readonly seq: number
  readonly request: SchedulerRequest
  readonly line: Line
  class: RequestClass
  readonly client: string
  readonly queuedAt: number
  /** Its place in the order: the least goes first. Not to be changed while it is in line. */
  key: number
  /** Clock milliseconds at which it is refused if it still waits. */
  deadline: number
  state: 'waiting' | 'running' | 'over'
  /** What it waits for, or waited for last. */
  why: string
  /** Times it was given to a runner, or waited for a load, that was lost; what foreign engines refused is not counted. */
  attempts: number
  /** The foreign engines that refused it, in that order: without another one to try, the last refusal is its end. */
  refusedBy: readonly Refusal[]
  /** Whether its reader has had anything; from then on it cannot be tried again unnoticed. */
  delivered: boolean
  readonly granted: Deferred<Grant>
  /** The run to read from: replaced when it is tried again. Null: there is no job, read nothing. */
  reading: Deferred<Run | null>
  /**
   * What became of the run that is read from, null before the first: resolves when the request goes on with
   * another one, or is over for good; rejects with its error.
   */
  outcome: Deferred<'again' | 'over'> | null
}

/** Order of service: the least key, then the first to come. */
export function byOrder(a: RequestRecord, b: RequestRecord): number {
  return a.key - b.key || a.seq - b.seq
}

/** Order of deadlines. */
export function byDeadline(a: RequestRecord, b: RequestRecord): number {
  return a.deadline - b.deadline || a.seq - b.seq
}

/** What every event of a request begins with. */
export function ofRequest(record: RequestRecord): { readonly request: RequestId; readonly model: string } {
  return { request: record.id, model: record.request.model }
}
