import type { Clock } from './clock.js'
import { deferred } from './deferred.js'
import { SchedulerError } from './errors.js'
import type { EventLog } from './event-log.js'
import type { SchedulerEvent } from './events.js'
import type { RequestClass, RequestId, SchedulerRequest } from './request.js'
import type { RequestQueue } from './request-queue.js'
import { ofRequest, type RequestRecord } from './request-record.js'
import type { SchedulerSettings } from './settings.js'
import { waitingWhy } from './view.js'

/** Types of events after which a request has no more. */
const LAST: ReadonlySet<SchedulerEvent['type']> = new Set(['finished', 'cancelled', 'refused', 'failed'])

/** Who is let in, and for how long they may wait. */
export class Admission {
  readonly #queue: RequestQueue
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #settings: SchedulerSettings
  readonly #expired: (record: RequestRecord, error: SchedulerError) => void
  /** Those that were let in and are not over. */
  readonly #live = new Map<RequestId, RequestRecord>()
  #count = 0
  /** One timer, for the next deadline of all. */
  #timer: Disposable | null = null

  constructor(options: {
    queue: RequestQueue
    clock: Clock
    log: EventLog
    settings: SchedulerSettings
    /** Takes a request whose deadline has come out of the queue. */
    expired: (record: RequestRecord, error: SchedulerError) => void
  }) {
    this.#queue = options.queue
    this.#clock = options.clock
    this.#log = options.log
    this.#settings = options.settings
    this.#expired = options.expired
    this.#log.on((event) => this.#heard(event))
  }

  /** @throws SchedulerError `queue-full` */
  admit(request: SchedulerRequest): RequestRecord {
    const { maxQueue, classDelayMs } = this.#settings
    if (this.#queue.size >= maxQueue) {
      throw new SchedulerError('queue-full', `the queue is full: ${maxQueue} requests wait already`)
    }
    this.#count += 1
    const now = this.#clock.now()
    const requestClass = request.class ?? 'normal'
    const record: RequestRecord = {
      id: `r${this.#count}`,
      seq: this.#count,
      request,
      line: this.#queue.line(request.model, request.purpose),
      class: requestClass,
      client: request.client ?? 'local',
      queuedAt: now,
      key: now + classDelayMs[requestClass],
      deadline: 0,
      state: 'waiting',
      why: 'has just come',
      attempts: 0,
      refusedBy: [],
      delivered: false,
      granted: deferred(),
      reading: deferred(),
      outcome: null,
    }
    this.#live.set(record.id, record)
    this.enqueue(record)
    this.#log.emit({
      type: 'queued',
      ...ofRequest(record),
      purpose: request.purpose,
      class: record.class,
      client: record.client,
      position: this.#queue.position(record),
      waiting: this.#queue.size,
    })
    return record
  }

  /** A request that waits or runs. */
  find(id: RequestId): RequestRecord | undefined {
    return this.#live.get(id)
  }

  /** Gives a request another class: one that waits moves to its place there, one that runs is known by it from now on. */
  reclass(record: RequestRecord, to: RequestClass, why: string): void {
    if (record.class === to) return
    const waits = record.state === 'waiting'
    if (waits) this.#queue.delete(record)
    record.class = to
    record.key = record.queuedAt + this.#settings.classDelayMs[to]
    if (waits) this.#queue.add(record)
    this.#log.emit({ type: 'reclassed', ...ofRequest(record), class: to, why })
  }

  /** Puts a request in line, at the place of its arrival, with its whole waiting time before it. */
  enqueue(record: RequestRecord): void {
    record.state = 'waiting'
    record.deadline = this.#clock.now() + (record.request.maxWaitMs ?? this.#settings.maxWaitMs)
    this.#queue.add(record)
    if (this.#queue.nextDeadline === record) this.#watch()
  }

  /** Takes a request out of line. */
  dequeue(record: RequestRecord, state: 'running' | 'over'): void {
    const watched = this.#queue.nextDeadline === record
    record.state = state
    this.#queue.delete(record)
    if (watched) this.#watch()
  }

  #heard(event: SchedulerEvent): void {
    if (LAST.has(event.type) && 'request' in event) this.#live.delete(event.request)
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
      const waited = Math.round((this.#clock.now() - next.queuedAt) / 1000)
      this.#expired(next, new SchedulerError('deadline', `waited ${waited} s in vain: ${waitingWhy(next)}`))
    }
  }
}
