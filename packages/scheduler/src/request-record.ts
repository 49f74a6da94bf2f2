import type { Backend } from './backend.js'
import type { Deferred } from './deferred.js'
import type { BackendError } from './errors.js'
import type { Work } from './forecast/forecast.js'
import type { Line } from './line.js'
import type { FairPlace } from './order/places.js'
import type { ParkedJob } from './parked-job.js'
import type { PreemptionRecord } from './preempt.js'
import type { Making, Reading } from './reading.js'
import type { Grant, RequestClass, RequestId, SchedulerRequest } from './request.js'
import { ascending } from './sorted-line.js'

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
  /** Since when it waits, or waited last: its arrival, or the moment at which it was set aside. */
  waitsSince: number
  /** What it is expected to take, foreseen at its arrival. */
  readonly work: Work
  /** Its age, as far as its class lets that count: the least goes first where nothing else decides. The order sets it, when the request comes into line. */
  key: number
  /** What the policy `fair` keeps of it. */
  fair: FairPlace | null
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
  /** Where its next run will be told, or the last one was. Null: there is no job, read nothing. */
  coming: Deferred<Reading | null>
  /** The run that has its slot, or had one last. */
  reading: Reading | null
  making: Making
  /** What is kept of it while it is set aside. */
  parked: ParkedJob | null
  /** Null until it has given way for the first time. */
  preemption: PreemptionRecord | null
}

/** Order of service: the least key, then the first to come. */
export function byOrder(a: RequestRecord, b: RequestRecord): number {
  return ascending(a.key, b.key) || a.seq - b.seq
}

/** Order of deadlines. */
export function byDeadline(a: RequestRecord, b: RequestRecord): number {
  return ascending(a.deadline, b.deadline) || a.seq - b.seq
}

/** What every event of a request begins with. */
export function ofRequest(record: RequestRecord): { readonly request: RequestId; readonly model: string } {
  return { request: record.id, model: record.request.model }
}
