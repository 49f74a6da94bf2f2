import type { KvType, Tokens } from '@berth/budget'
import type { LoadSpec, ModelId, Purpose } from './backend.js'
import type { Job } from './job.js'
import type { Piece } from './piece.js'
import type { ClientLimits } from './settings.js'

/** How urgent a request is. A class waits no longer than the ones before it plus a bound (aging). */
export type RequestClass = 'interactive' | 'normal' | 'batch'

/** What the request wants of the load. What is left out matches any load. */
export interface LoadWish {
  /** At least this many tokens of context a slot. */
  readonly contextLength?: Tokens
  readonly kvType?: KvType
  readonly adapters?: readonly string[]
  /** At most this many layers on GPUs. */
  readonly maxGpuLayers?: number
}

/** One request, as the HTTP routes and the chat page hand it in. */
export interface SchedulerRequest {
  readonly model: ModelId
  readonly purpose: Purpose
  /** Absent: load the model and be done. */
  readonly job?: Job
  readonly wish?: LoadWish
  readonly class?: RequestClass
  /** Whose request it is (an API key's name, else an address): for events, and for fair shares. */
  readonly client?: string
  /** What this client may have and do (an API key's); absent: what the settings say. */
  readonly limits?: ClientLimits
  /** About how long its prompt is, where the caller knows; absent: reckoned from its text. */
  readonly promptTokens?: Tokens
  /** How long the model stays loaded after it: milliseconds; 0 leaves when idle, negative stays; absent keeps the runner's value. */
  readonly keepAliveMs?: number
  /** How long it may wait for its slot, in milliseconds; absent: the scheduler's own bound. */
  readonly maxWaitMs?: number
}

/** A request that was let in. */
export interface Ticket {
  readonly id: RequestId
  /** Resolves when the job starts (or, without a job, when the model is loaded). Rejects with a `SchedulerError`; may be left unhandled. */
  readonly granted: Promise<Grant>
  /**
   * The answer; may be iterated once, ends after the `finished` piece (at once after the load, where there is no job). Throws
   * a `SchedulerError`, or the `BackendError` of the job itself. Leaving the loop early cancels the request.
   */
  readonly pieces: AsyncIterable<Piece>
  /**
   * The same answer all at once, for who sends nothing before the end: it is tried once more even if its runner
   * is lost in the middle. Either this or `pieces` may be used, once.
   */
  whole(): Promise<readonly Piece[]>
  /** Ends the request wherever it is; again and later it changes nothing. */
  cancel(reason?: string): void
  /** Its place in line, from 1, and what it waits for; null once it runs or is over. */
  waiting(): Waiting | null
}

/** A request that waits or runs. */
export interface LiveRequest {
  readonly id: RequestId
  readonly model: ModelId
  readonly class: RequestClass
  readonly client: string
}

/** Where a waiting request stands. */
export interface Waiting {
  /** Place in line, from 1, as things are now. */
  readonly position: number
  readonly why: string
  /** Milliseconds until it is expected to start; null while nothing is known to reckon it from. */
  readonly startsInMs: number | null
}

export type RequestId = string

/** The slot that a request got. */
export interface Grant {
  readonly spec: LoadSpec
  /** From submission to the slot: queueing and loading. */
  readonly waitedMs: number
}
