import type { Bytes, LearnedMemory, MemoryBudget, MemoryProfile } from '@berth/budget'
import { Admission } from './admission.js'
import type { Backend, ModelId, ModelInfo } from './backend.js'
import type { Clock } from './clock.js'
import { Dispatcher } from './dispatcher.js'
import { SchedulerError } from './errors.js'
import { evictionRule, type EvictionRule } from './eviction.js'
import { EventLog } from './event-log.js'
import { Forecast } from './forecast/forecast.js'
import { endsInMs, startsInMs } from './forecast/waits.js'
import type { RunnerId, SchedulerEvent } from './events.js'
import { Jobs } from './jobs.js'
import { newOrder } from './order/new-order.js'
import type { LiveRequest, RequestClass, RequestId, SchedulerRequest, Ticket } from './request.js'
import { RequestQueue } from './request-queue.js'
import type { RequestRecord } from './request-record.js'
import type { RunnerEntry } from './runner-entry.js'
import { RunnerPool } from './runner-pool.js'
import type { SchedulerSettings } from './settings.js'
import type { Snapshot } from './snapshot.js'
import { RequestTicket } from './ticket.js'
import { snapshotOf, waitingWhy } from './view.js'

export interface SchedulerOptions {
  /** In order of preference: a model that several have is run by the first. */
  readonly backends: readonly Backend[]
  readonly budget: MemoryBudget
  /** What loads really took; kept by the caller where it is to outlast the scheduler. */
  readonly learned: LearnedMemory
  readonly clock: Clock
  readonly settings: SchedulerSettings
  /** Instead of the rule that the settings name: for simulations, of which one knows the future. */
  readonly eviction?: EvictionRule<RunnerEntry>
}

/**
 * Decides which model is loaded, which request runs next, who waits and who leaves, and says why: the face of
 * the admission (who is let in), the dispatcher (who is served), the jobs (what runs) and the pool (what is
 * loaded).
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #log: EventLog
  readonly #forecast = new Forecast()
  readonly #queue: RequestQueue
  readonly #admission: Admission
  readonly #pool: RunnerPool
  readonly #jobs: Jobs
  readonly #dispatcher: Dispatcher
  readonly #pins = new Set<ModelId>()
  /** Called whenever a runner is gone. */
  readonly #watchers = new Set<() => void>()
  #stopping = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    const log = new EventLog(options.clock)
    const order = newOrder(options.clock, options.settings)
    const forecast = this.#forecast
    const eviction = options.eviction ?? evictionRule(options.settings.eviction, forecast, options.clock)
    const queue = new RequestQueue(order, options.clock.now())
    this.#queue = queue
    this.#log = log
    const admission = new Admission({
      ...options,
      log,
      queue,
      forecast,
      expected: {
        startsInMs: (record) => this.#startsInMs(record),
        endsInMs: (record) => endsInMs(this.#forecast, record, options.clock.now(), this.#pool.entries),
      },
      expired: (record, error) => {
        this.#dispatcher.refuse(record, error)
        this.#dispatcher.look()
      },
    })
    const pool = new RunnerPool({
      ...options,
      log,
      forecast,
      eviction,
      listener: {
        ready: (entry) => this.#dispatcher.ready(entry),
        leaving: (entry) => this.#dispatcher.leaving(entry),
        gone: (entry, why, failure) => {
          this.#dispatcher.gone(entry, why, failure)
          for (const watcher of this.#watchers) watcher()
        },
        roomier: () => this.#dispatcher.roomier(),
      },
    })
    const jobs = new Jobs({
      ...options,
      log,
      pool,
      listener: {
        progressed: (record, progress) => order.progressed(record, progress),
        ended: (record, end, slotMs) => {
          order.ended(record, end)
          if (end?.how === 'finished') forecast.answered(record.request, end.metrics, slotMs)
        },
        slotFree: (entry) => this.#dispatcher.freed(entry),
        gaveWay: (entry, to) => this.#dispatcher.gaveWay(entry, to),
        again: (record) => admission.enqueue(record),
        mayGiveWay: (entry) => this.#dispatcher.mayGiveWay(entry),
        roomier: () => this.#dispatcher.roomier(),
        doubtful: (entry, why) => this.#dispatcher.doubt(entry, why),
      },
    })
    this.#admission = admission
    this.#pool = pool
    this.#jobs = jobs
    const isPinned = (model: ModelId) => this.#pins.has(model)
    this.#dispatcher = new Dispatcher({
      ...options,
      log,
      order,
      forecast,
      eviction,
      queue,
      admission,
      pool,
      jobs,
      isPinned,
    })
  }

  /**
   * Lets a request in, or throws.
   * @throws SchedulerError `queue-full`, `rate-limited`, `shutting-down`. What cannot be known before the model's file was
   * read comes through the ticket.
   */
  submit(request: SchedulerRequest): Ticket {
    if (this.#stopping) throw shuttingDown()
    const record = this.#admission.admit(request)
    this.#dispatcher.touch(record.line)
    this.#dispatcher.look()
    return new RequestTicket(record, {
      cancel: (of, why) => this.#dispatcher.cancel(of, why),
      waiting: (of) =>
        of.state === 'waiting'
          ? { position: this.#queue.position(of), why: waitingWhy(of), startsInMs: this.#startsInMs(of) }
          : null,
    })
  }

  /** What is known of a request that is not over; null for any other. */
  request(id: RequestId): LiveRequest | null {
    const record = this.#admission.find(id)
    if (record === undefined) return null
    return { id, model: record.line.model, class: record.class, client: record.client }
  }

  /** Ends a request wherever it is. Returns whether there was one of this id that was not over. */
  cancel(id: RequestId, why: string): boolean {
    const record = this.#admission.find(id)
    if (record === undefined) return false
    this.#dispatcher.cancel(record, why)
    return true
  }

  /**
   * Gives a request another class: one that waits moves to its place there, with the time it has waited; one that
   * runs goes on, and may be preempted, or not, as the new class says. Returns whether there was one of this id
   * that was not over.
   */
  reclass(id: RequestId, to: RequestClass, why: string): boolean {
    const record = this.#admission.find(id)
    if (record === undefined) return false
    this.#admission.reclass(record, to, why)
    this.#dispatcher.touch(record.line)
    this.#dispatcher.look()
    return true
  }

  /** Calls the listener with every event from now on. It must be quick, and must not throw. */
  on(listener: (event: SchedulerEvent) => void): Disposable {
    return this.#log.on(listener)
  }

  snapshot(): Snapshot {
    return snapshotOf({
      seq: this.#log.seq,
      at: this.#options.clock.now(),
      policy: this.#options.settings.policy,
      budget: this.#options.budget,
      runners: this.#pool.entries,
      queue: this.#queue,
      startsInMs: (record) => this.#startsInMs(record),
    })
  }

  /** What a model that is loaded, or on its way, needs of memory, and its size on disk; null for a runner that is not there. */
  facts(runner: RunnerId): { readonly bytes: Bytes; readonly profile: MemoryProfile } | null {
    for (const { id, line, profile } of this.#pool.entries) {
      if (id === runner) return { bytes: line.known?.info.bytes ?? 0, profile }
    }
    return null
  }

  /** The models of all backends that can be asked; of two of one name, the one that would run. */
  async models(): Promise<readonly ModelInfo[]> {
    const all = new Map<ModelId, ModelInfo>()
    const catalogs = await Promise.allSettled(this.#options.backends.map((backend) => backend.catalog()))
    for (const catalog of catalogs) {
      if (catalog.status === 'rejected') continue
      for (const info of catalog.value) if (!all.has(info.id)) all.set(info.id, info)
    }
    return [...all.values()]
  }

  /**
   * Lets a model leave: at once where it is idle, after its running jobs where it is busy. Whoever waits for it
   * or comes later gets a new runner; one that is being loaded leaves when it has served who waits for it.
   * Resolves when what was loaded is gone, at once where nothing was.
   * @param evenPinned takes the pin away; without it a pinned model stays.
   */
  async unload(model: ModelId, { evenPinned }: { readonly evenPinned: boolean }): Promise<void> {
    if (evenPinned) this.pin(model, false)
    const mine = [...this.#pool.entries].filter((entry) => entry.model === model && !entry.pinned)
    for (const entry of mine) {
      if (entry.state === 'loading') this.#pool.keepAlive(entry, 0)
      else this.#dispatcher.letGo(entry, 'unloaded as asked')
    }
    this.#dispatcher.look()
    await this.#untilGone(mine.filter((entry) => entry.state !== 'loading'))
  }

  /** Keeps a model loaded from its next load on, whatever its keep-alive and whoever wants its memory; or no longer. */
  pin(model: ModelId, pinned: boolean): void {
    if (pinned) this.#pins.add(model)
    else this.#pins.delete(model)
    for (const entry of this.#pool.entries) if (entry.model === model) this.#pool.pin(entry, pinned)
    this.#dispatcher.roomier()
  }

  /** The models that are pinned, loaded or not. */
  get pins(): readonly ModelId[] {
    return [...this.#pins]
  }

  /** To be called when a model was pulled anew, re-created or deleted: running jobs finish on what is loaded, later ones get what is there now. */
  modelChanged(model: ModelId): void {
    for (const line of this.#queue.lines()) if (line.model === model) this.#dispatcher.reread(line)
  }

  /** To be called when others' use of memory has changed (`MemoryBudget.setForeign`). */
  memoryChanged(): void {
    this.#pool.memoryChanged()
    this.#dispatcher.roomier()
  }

  /**
   * Takes no more requests, refuses those that wait, lets running jobs finish for so long, then ends them.
   * Resolves when every runner is gone.
   */
  async stop({ graceMs }: { graceMs: number }): Promise<void> {
    this.#stopping = true
    this.#jobs.stopRetrying()
    const why = 'the server is shutting down'
    for (const record of Array.from(this.#queue)) this.#dispatcher.refuse(record, shuttingDown())
    for (const entry of Array.from(this.#pool.entries)) {
      if (entry.state === 'busy') this.#pool.drain(entry, why, 'unload', null)
      else this.#pool.evict(entry, why)
    }
    const timer = this.#options.clock.at(this.#options.clock.now() + graceMs, () => {
      for (const entry of Array.from(this.#pool.entries)) this.#pool.kill(entry, why)
    })
    await this.#untilGone([...this.#pool.entries])
    timer[Symbol.dispose]()
  }

  #startsInMs(record: RequestRecord): number | null {
    return startsInMs(this.#forecast, record, this.#options.clock.now(), this.#pool.entries)
  }

  async #untilGone(entries: readonly RunnerEntry[]): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = () => {
        if (entries.some((entry) => this.#pool.entries.has(entry))) return
        this.#watchers.delete(check)
        resolve()
      }
      this.#watchers.add(check)
      check()
    })
  }
}

function shuttingDown(): SchedulerError {
  return new SchedulerError('shutting-down', 'the server is shutting down')
}
