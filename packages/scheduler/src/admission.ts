import type { Tokens } from '@berth/budget'
import type { Clock } from './clock.js'
import { deferred } from './deferred.js'
import { SchedulerError } from './errors.js'
import type { EventLog } from './event-log.js'
import type { Forecast } from './forecast/forecast.js'
import { Gate, type Expectations } from './gate.js'
import type { RequestClass, RequestId, SchedulerRequest } from './request.js'
import type { RequestQueue } from './request-queue.js'
import { ofRequest, type RequestRecord } from './request-record.js'
import type { SchedulerSettings } from './settings.js'
import { waitingWhy } from './view.js'

/** Who is let in, and for how long they may wait. */
export class Admission {
  readonly #queue: RequestQueue
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #settings: SchedulerSettings
  readonly #gate: Gate
  readonly #forecast: Forecast
  readonly #expired: (record: RequestRecord, error: SchedulerError) => void
  #count = 0
  /** One timer, for the next deadline of all. */
  #timer: Disposable | null = null

  constructor(options: {
    queue: RequestQueue
    clock: Clock
    log: EventLog
    settings: SchedulerSettings
    forecast: Forecast
    /** For who is turned away: when it makes sense to come again. */
    expected: Expectations
    /** Takes a request whose deadline has come out of the queue. */
    expired: (record: RequestRecord, error: SchedulerError) => void
  }) {
    this.#queue = options.queue
    this.#clock = options.clock
    this.#log = options.log
    this.#settings = options.settings
    this.#expired = options.expired
    this.#gate = new Gate(options)
    this.#forecast = options.forecast
  }

  /** @throws SchedulerError `queue-full`, `rate-limited` */
  admit(request: SchedulerRequest): RequestRecord {
    const { clientLimits } = this.#settings
    const { class: requestClass = 'normal', client = 'local', limits = clientLimits } = request
    this.#gate.check(client, requestClass, limits)
    this.#count += 1
    const now = this.#clock.now()
    const record: RequestRecord = {
      id: `r${this.#count}`,
      seq: this.#count,
      request,
      line: this.#queue.line(request.model, request.purpose),
      class: requestClass,
      client,
      queuedAt: now,
      waitsSince: now,
      work: this.#forecast.work(request),
      key: now,
      fair: null,
      deadline: 0,
      state: 'waiting',
      why: 'has just come',
      attempts: 0,
      refusedBy: [],
      delivered: false,
      granted: deferred(),
      coming: deferred(),
      reading: null,
      making: { void: false },
      parked: null,
      preemption: null,
    }
    this.#gate.opened(record, limits)
    this.#forecast.arrived(request, now, client)
    this.enqueue(record)
    this.#log.emit({
      type: 'queued',
      ...ofRequest(record),
      purpose: request.purpose,
      class: record.class,
      client: record.client,
      position: this.#queue.position(record),
      waiting: this.#queue.size,
      ...wantsOf(request),
    })
    return record
  }

  /** A request that waits or runs. */
  find(id: RequestId): RequestRecord | undefined {
    return this.#gate.find(id)
  }

  /** Gives a request another class: one that waits moves to its place there, one that runs is known by it from now on. */
  reclass(record: RequestRecord, to: RequestClass, why: string): void {
    if (record.class === to) return
    const waits = record.state === 'waiting'
    if (waits) this.#queue.reclass(record, to)
    else record.class = to
    this.#log.emit({ type: 'reclassed', ...ofRequest(record), class: to, why })
  }

  /** Puts a request in line, at the place of its arrival, with its whole waiting time before it. */
  enqueue(record: RequestRecord): void {
    record.state = 'waiting'
    const { maxWaitMs } = this.#settings
    const own = record.request.maxWaitMs ?? maxWaitMs
    // An answer that has begun is not given up because its request wanted to begin soon.
    record.deadline = this.#clock.now() + (record.parked === null ? own : Math.max(own, maxWaitMs))
    this.#queue.add(record)
    if (this.#queue.nextDeadline === record) this.#watch()
  }

  /** Takes a request out of line. */
  dequeue(record: RequestRecord, state: 'running' | 'over'): void {
    const watched = this.#queue.nextDeadline === record
    record.state = state
    this.#queue.delete(record, state)
    if (watched) this.#watch()
  }

  #watch(): void {
    this.#timer?.[Symbol.dispose]()
    const next = this.#queue.nextDeadline
    this.#timer = next === undefined ? null : this.#clock.at(next.deadline, () => this.#expire())
  }

  #expire(): void {
    for (;;) {
      const next = this.#queue.nextDeadline
      if (next === undefined || next.deadline > this.#clock.now()) return
      const waited = Math.round((this.#clock.now() - next.waitsSince) / 1000)
      const why = `waited ${waited} s in vain: ${waitingWhy(next)}`
      const retryAfterMs = this.#gate.startsInMs(next)
      this.#expired(next, new SchedulerError('deadline', why, { retryAfterMs }))
    }
  }
}

/** What an event says of a request's wants: only what it named. */
function wantsOf({ job, wish, keepAliveMs }: SchedulerRequest): {
  maxTokens?: Tokens
  contextLength?: Tokens
  keepAliveMs?: number
} {
  const wants: { maxTokens?: Tokens; contextLength?: Tokens; keepAliveMs?: number } = {}
  if (job?.kind === 'generate' && job.maxTokens !== undefined) wants.maxTokens = job.maxTokens
  if (wish?.contextLength !== undefined) wants.contextLength = wish.contextLength
  if (keepAliveMs !== undefined) wants.keepAliveMs = keepAliveMs
  return wants
}
