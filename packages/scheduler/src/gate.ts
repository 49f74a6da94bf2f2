import type { Clock } from './clock.js'
import { ClientAccounts, type Excess } from './client-limits.js'
import { seconds } from './seconds.js'
import { SchedulerError } from './errors.js'
import type { EventLog } from './event-log.js'
import type { SchedulerEvent } from './events.js'
import { promptSize } from './forecast/prompt-size.js'
import type { RequestClass, RequestId, SchedulerRequest } from './request.js'
import type { RequestQueue } from './request-queue.js'
import type { RequestRecord } from './request-record.js'
import type { ClientLimits, SchedulerSettings } from './settings.js'
import { Spending } from './spending.js'

/** When things are expected to happen to a request, in milliseconds from now; null while nothing is known. */
export interface Expectations {
  /** Of one that waits. */
  startsInMs(record: RequestRecord): number | null
  /** Of one that waits or runs. */
  endsInMs(record: RequestRecord): number | null
}

export interface GateParts {
  readonly queue: RequestQueue
  readonly clock: Clock
  readonly log: EventLog
  readonly settings: SchedulerSettings
  readonly expected: Expectations
}

/** Types of events after which a request has no more. */
const LAST: ReadonlySet<SchedulerEvent['type']> = new Set(['finished', 'cancelled', 'refused', 'failed'])

interface Live {
  readonly record: RequestRecord
  readonly limits: ClientLimits
  readonly spending: Spending
}

/**
 * Turns away what would be more than the queue, its class or its client may have, with the time after which it
 * makes sense to come again: by the client's rate, or by when the next of those that are in the way is expected
 * to move on.
 */
export class Gate {
  readonly #parts: GateParts
  /** The requests that were let in and are not over. */
  readonly #live = new Map<RequestId, Live>()
  readonly #accounts = new ClientAccounts()

  constructor(parts: GateParts) {
    this.#parts = parts
    parts.log.on((event) => this.#heard(event))
  }

  /** @throws SchedulerError `rate-limited` or `queue-full` */
  check(client: string, of: RequestClass, limits: ClientLimits): void {
    const { queue, settings, clock } = this.#parts
    const excess = this.#accounts.excess(client, limits, clock.now())
    if (excess !== null) throw this.#rateLimited(client, excess)
    const { maxQueue } = settings
    if (queue.size >= maxQueue) {
      const why = `the queue is full: ${queue.size} requests wait, and maxQueue is ${maxQueue}`
      throw this.#queueFull(why, queue)
    }
    const most = settings.maxQueuePerClass[of]
    const waiting = queue.waiting(of)
    if (most > 0 && waiting >= most) {
      const why = `the queue is full for class ${of}: ${waiting} requests of it wait, and maxQueuePerClass.${of} is ${most}`
      throw this.#queueFull(why, queue, (record) => record.class === of)
    }
  }

  /** A request was let in. */
  opened(record: RequestRecord, limits: ClientLimits): void {
    this.#live.set(record.id, { record, limits, spending: new Spending() })
    this.#accounts.opened(record.client, limits, this.#parts.clock.now())
  }

  /** A request that waits or runs. */
  find(id: RequestId): RequestRecord | undefined {
    return this.#live.get(id)?.record
  }

  /** When a waiting request would start. Where nothing is known, the time so far is the best guess of the time to come. */
  startsInMs(record: RequestRecord): number {
    return this.#parts.expected.startsInMs(record) ?? this.#parts.clock.now() - record.waitsSince
  }

  #heard(event: SchedulerEvent): void {
    if (!('request' in event)) return
    const live = this.#live.get(event.request)
    if (live === undefined) return
    const { record, spending } = live
    if (event.type === 'running') this.#charge(live, spending.started(promptOf(record.request)))
    else if (event.type === 'progress') this.#charge(live, spending.progress(event.progress))
    else if (LAST.has(event.type)) {
      if (event.type === 'finished' && event.metrics !== null) {
        this.#charge(live, spending.finished(event.metrics))
      }
      this.#live.delete(record.id)
      this.#accounts.closed(record.client, event.at)
    }
  }

  #charge({ record, limits }: Live, tokens: number): void {
    if (tokens !== 0) this.#accounts.charge(record.client, limits, tokens, this.#parts.clock.now())
  }

  #rateLimited(client: string, excess: Excess): SchedulerError {
    const { limit, most, has } = excess
    const retryAfterMs = excess.retryAfterMs ?? this.#soonest(this.#of(client), (it) => this.#endsInMs(it))
    const again = `; there is room for one more in about ${seconds(retryAfterMs)}`
    const of = `client ${JSON.stringify(client)}`
    const words = {
      concurrent: `${of} has ${has} requests waiting and running, and ${most} at a time is its limit (concurrent)`,
      requestsPerMinute: `${of} has made ${Math.ceil(has)} requests of late, and ${most} a minute is its limit (requestsPerMinute)`,
      tokensPerMinute: `${of} has used ${Math.ceil(has)} tokens of late, and ${most} a minute is its limit (tokensPerMinute)`,
    }
    return new SchedulerError('rate-limited', words[limit] + again, { retryAfterMs })
  }

  #queueFull(
    why: string,
    waiting: Iterable<RequestRecord>,
    counts: (record: RequestRecord) => boolean = () => true,
  ): SchedulerError {
    const inTheWay = [...waiting].filter(counts)
    const retryAfterMs = this.#soonest(inTheWay, (record) => this.#startsInMs(record))
    return new SchedulerError(
      'queue-full',
      `${why}; about ${seconds(retryAfterMs)} until one of them starts`,
      {
        retryAfterMs,
      },
    )
  }

  #of(client: string): readonly RequestRecord[] {
    return [...this.#live.values()].map(({ record }) => record).filter((record) => record.client === client)
  }

  /** When the first of several moves on, whichever it is. */
  #soonest(records: readonly RequestRecord[], inMs: (record: RequestRecord) => number): number {
    return records.reduce((least, record) => Math.min(least, inMs(record)), Infinity)
  }

  #startsInMs(record: RequestRecord): number {
    // Nobody waits beyond the deadline.
    return Math.min(this.startsInMs(record), record.deadline - this.#parts.clock.now())
  }

  #endsInMs(record: RequestRecord): number {
    return this.#parts.expected.endsInMs(record) ?? this.#parts.clock.now() - record.queuedAt
  }
}

function promptOf({ promptTokens, job }: SchedulerRequest): number {
  return promptTokens ?? (job === undefined ? 0 : promptSize(job))
}
