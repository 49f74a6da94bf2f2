import type { LearnedMemory, MemoryBudget } from '@berth/budget'
import { Admission } from './admission.js'
import type { Backend, ModelId, ModelInfo } from './backend.js'
import type { Clock } from './clock.js'
import { decide, type Decision } from './decide.js'
import { type BackendError, SchedulerError } from './errors.js'
import { EventLog } from './event-log.js'
import type { SchedulerEvent } from './events.js'
import { Jobs } from './jobs.js'
import { readModel } from './known-model.js'
import type { Line, WaitFor } from './line.js'
import { memoryView } from './memory-view.js'
import { moveUp } from './move-up.js'
import { newEntry } from './new-entry.js'
import type { LoadPlan } from './plan-load.js'
import type { LoadWish, SchedulerRequest, Ticket } from './request.js'
import { RequestQueue } from './request-queue.js'
import { byOrder, ofRequest, type RequestRecord } from './request-record.js'
import { RunnerPool } from './runner-pool.js'
import { label, type RunnerEntry } from './runner-entry.js'
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
}

/**
 * Decides which model is loaded, which request runs next, who waits and who leaves, and says why.
 *
 * Whatever happens outside (a request, a job's end, a runner's end, a timer) marks the lines it may matter
 * to and calls `#look`, which decides about the head of each of them, the oldest first, until nothing more
 * can be done. Nothing else starts jobs or loads.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #clock: Clock
  readonly #settings: SchedulerSettings
  readonly #log: EventLog
  readonly #queue = new RequestQueue()
  readonly #admission: Admission
  readonly #pool: RunnerPool
  readonly #jobs: Jobs
  readonly #pins = new Set<ModelId>()
  readonly #dirty = new Set<Line>()
  /** Runners whose keep-alive begins once no waiting request wants them. */
  readonly #idle = new Set<RunnerEntry>()
  readonly #watchers = new Set<() => void>()
  #looking = false
  #stopping = false
  #runners = 0

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#settings = options.settings
    const log = new EventLog(options.clock)
    const { clock, settings } = options
    this.#log = log
    this.#admission = new Admission({
      queue: this.#queue,
      clock,
      log,
      settings,
      expired: (record, error) => {
        this.#refuse(record, error)
        this.#look()
      },
    })
    this.#pool = new RunnerPool({
      ...options,
      log,
      listener: {
        ready: (entry) => this.#freed(entry),
        leaving: (entry) => this.#detach(entry),
        gone: (entry, why, failure) => this.#gone(entry, why, failure),
        roomier: () => this.#roomier(),
      },
    })
    this.#jobs = new Jobs({
      clock,
      log,
      pool: this.#pool,
      listener: {
        slotFree: (entry) => this.#freed(entry),
        again: (record) => this.#admission.enqueue(record),
      },
    })
  }

  /**
   * Lets a request in, or throws.
   * @throws SchedulerError `queue-full`, `shutting-down`. What cannot be known before the model's file was
   * read comes through the ticket.
   */
  submit(request: SchedulerRequest): Ticket {
    if (this.#stopping) throw shuttingDown()
    const record = this.#admission.admit(request)
    this.#touch(record.line)
    this.#look()
    return new RequestTicket(record, {
      cancel: (of, why) => this.#cancel(of, why),
      waiting: (of) =>
        of.state === 'waiting' ? { position: this.#queue.position(of), why: waitingWhy(of) } : null,
    })
  }

  /** Calls the listener with every event from now on. It must be quick, and must not throw. */
  on(listener: (event: SchedulerEvent) => void): Disposable {
    return this.#log.on(listener)
  }

  snapshot(): Snapshot {
    return snapshotOf({
      seq: this.#log.seq,
      at: this.#clock.now(),
      budget: this.#options.budget,
      runners: this.#pool.entries,
      queue: this.#queue,
    })
  }

  /** The models of all backends; of two of one name, the one that would run. */
  async models(): Promise<readonly ModelInfo[]> {
    const all = new Map<ModelId, ModelInfo>()
    for (const backend of this.#options.backends) {
      for (const info of await backend.catalog()) if (!all.has(info.id)) all.set(info.id, info)
    }
    return [...all.values()]
  }

  /** Lets a model leave as soon as it is idle, pinned or not; resolves when it is gone, at once where it is not loaded. */
  async unload(model: ModelId): Promise<void> {
    const mine = [...this.#pool.entries].filter((entry) => entry.model === model)
    this.pin(model, false)
    for (const entry of mine) {
      this.#pool.keepAlive(entry, 0)
      this.#idle.add(entry)
    }
    this.#look()
    await this.#untilGone(mine)
  }

  /** Keeps a model loaded from its next load on, whatever its keep-alive and whoever wants its memory; or no longer. */
  pin(model: ModelId, pinned: boolean): void {
    if (pinned) this.#pins.add(model)
    else this.#pins.delete(model)
    for (const entry of this.#pool.entries) if (entry.model === model) this.#pool.pin(entry, pinned)
    this.#roomier()
  }

  /** To be called when a model was pulled anew, re-created or deleted: running jobs finish on what is loaded, later ones get what is there now. */
  modelChanged(model: ModelId): void {
    for (const line of this.#queue.lines()) if (line.model === model) this.#readModel(line)
  }

  /** To be called when others' use of memory has changed (`MemoryBudget.setForeign`). */
  memoryChanged(): void {
    this.#pool.memoryChanged()
    this.#roomier()
  }

  /**
   * Takes no more requests, refuses those that wait, lets running jobs finish for so long, then ends them.
   * Resolves when every runner is gone.
   */
  async stop({ graceMs }: { graceMs: number }): Promise<void> {
    this.#stopping = true
    const why = 'the server is shutting down'
    for (const record of Array.from(this.#queue)) this.#refuse(record, shuttingDown())
    for (const entry of Array.from(this.#pool.entries)) {
      if (entry.state === 'busy') this.#pool.drain(entry, why, 'unload', null)
      else this.#pool.evict(entry, why)
    }
    const timer = this.#clock.at(this.#clock.now() + graceMs, () => {
      for (const entry of Array.from(this.#pool.entries)) this.#pool.kill(entry, why)
    })
    await this.#untilGone([...this.#pool.entries])
    timer[Symbol.dispose]()
  }

  // How requests end without their answer

  #refuse(record: RequestRecord, error: SchedulerError): void {
    this.#admission.dequeue(record, 'over')
    this.#log.emit({ type: 'refused', ...ofRequest(record), code: error.code, why: error.message })
    this.#withdrawn(record, error)
  }

  #cancel(record: RequestRecord, why: string): void {
    if (record.state === 'over') return
    const job = record.line.runner?.jobs.get(record.id) ?? this.#jobOf(record)
    if (record.state === 'waiting') this.#admission.dequeue(record, 'over')
    record.state = 'over'
    this.#log.emit({ type: 'cancelled', ...ofRequest(record), why })
    const error = new SchedulerError('cancelled', why)
    record.outcome.reject(error)
    this.#withdrawn(record, error)
    job?.run.cancel()
    this.#look()
  }

  /** A runner that its line has let go of can still run a job of it. */
  #jobOf(record: RequestRecord) {
    for (const entry of this.#pool.entries) {
      const job = entry.jobs.get(record.id)
      if (job !== undefined) return job
    }
    return undefined
  }

  /** Calls off what was begun for a request that no longer waits. */
  #withdrawn(record: RequestRecord, error: SchedulerError): void {
    const { line } = record
    record.granted.reject(error)
    record.reading.reject(error)
    this.#callOffDrains(record.id)
    this.#touch(line)
    const { runner } = line
    if (line.waiting.size > 0 || runner?.state !== 'loading' || runner.pinned) return
    this.#pool.evict(runner, 'nobody waits for this load any more')
    this.#callOffDrains(runner.id)
  }

  #callOffDrains(sake: string): void {
    for (const entry of this.#pool.callOffDrains(sake)) {
      entry.line.runner ??= entry
      this.#touch(entry.line)
    }
  }

  // Looking

  #touch(line: Line): void {
    this.#dirty.add(line)
  }

  #touchWaitingFor(...what: readonly WaitFor[]): void {
    for (const line of this.#queue.lines()) {
      if (line.waitsFor !== null && what.includes(line.waitsFor)) this.#touch(line)
    }
  }

  /** Decides about the heads of the marked lines, the oldest first, until nothing is marked. */
  #look(): void {
    if (this.#looking) return
    this.#looking = true
    try {
      while (this.#dirty.size > 0 || this.#idle.size > 0) {
        for (const line of this.#markedLines()) this.#serve(line)
        if (this.#dirty.size === 0) this.#settleIdle()
      }
    } finally {
      this.#looking = false
    }
  }

  #markedLines(): readonly Line[] {
    const lines = [...this.#dirty]
    this.#dirty.clear()
    if (lines.length < 2) return lines
    return lines.toSorted((a, b) => {
      const [x, y] = [a.waiting.first, b.waiting.first]
      if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
      return byOrder(x, y)
    })
  }

  /** Serves a line until its head has to wait. */
  #serve(line: Line): void {
    line.waitsFor = null
    line.timer?.[Symbol.dispose]()
    line.timer = null
    for (;;) {
      const head = line.waiting.first
      if (head === undefined) return this.#queue.prune(line)
      const decision = this.#decide(line, head)
      if (decision.do === 'wait') return this.#wait(line, head, decision)
      this.#apply(line, head, decision)
    }
  }

  #decide(line: Line, head: RequestRecord): Decision<RunnerEntry> {
    const { known } = line
    if (known === null) {
      if (line.reading === 0) this.#readModel(line)
      return { do: 'wait', for: 'model', why: `reads what ${line.model} needs` }
    }
    return decide({
      settings: this.#settings,
      model: line.model,
      revision: known.info.revision,
      profile: known.profile,
      wish: head.request.wish ?? {},
      hasJob: head.request.job !== undefined,
      waitedMs: this.#clock.now() - head.queuedAt,
      mine: line.runner,
      runners: this.#pool.entries,
      memory: memoryView(this.#options.budget, this.#options.learned, known, line.purpose),
    })
  }

  #wait(line: Line, head: RequestRecord, decision: Decision<RunnerEntry> & { do: 'wait' }): void {
    line.waitsFor = decision.for
    if (head.why !== decision.why) {
      head.why = decision.why
      this.#log.emit({ type: 'waiting', ...ofRequest(head), why: decision.why })
    }
    const patient = head.queuedAt + this.#settings.patienceMs
    if ((decision.for !== 'memory' && decision.for !== 'cores') || patient <= this.#clock.now()) return
    line.timer = this.#clock.at(patient, () => {
      this.#touch(line)
      this.#look()
    })
  }

  #apply(line: Line, head: RequestRecord, decision: Exclude<Decision<RunnerEntry>, { do: 'wait' }>): void {
    switch (decision.do) {
      case 'run':
        if (line.runner === null) throw new Error(`No runner for ${head.id}, which was to run`)
        this.#pool.keepAlive(line.runner, head.request.keepAliveMs)
        this.#idle.add(line.runner)
        this.#admission.dequeue(head, 'running')
        this.#callOffDrains(head.id)
        return this.#jobs.start(line.runner, head, decision.why)
      case 'load':
        return this.#load(
          line,
          head.request.wish ?? {},
          decision.plan,
          decision.why,
          head.request.keepAliveMs,
        )
      case 'rest':
        return this.#pool.drain(decision.runner, decision.why, 'rest', head.id)
      case 'refuse':
        return this.#refuse(head, new SchedulerError(decision.code, decision.why))
    }
  }

  #load(line: Line, wish: LoadWish, plan: LoadPlan<RunnerEntry>, why: string, keepAliveMs?: number): void {
    if (line.known === null) throw new Error(`A load of ${line.model} was decided before it was read`)
    const { budget } = this.#options
    this.#runners += 1
    const entry = newEntry({
      id: `m${this.#runners}`,
      now: this.#clock.now(),
      line,
      known: line.known,
      wish,
      plan,
      budget,
      keepAliveMs: keepAliveMs ?? line.runner?.keepAliveMs ?? this.#settings.keepAliveMs,
      pinned: this.#pins.has(line.model),
    })
    // Planning and claiming read the same budget in the same turn, so this is a mistake of ours, never a matter of luck.
    if (entry === null) throw new Error(`The budget turned down what was planned for ${line.model}`)
    for (const other of entry.after) this.#detach(other)
    line.runner = entry
    this.#pool.admit(entry, why)
  }

  /** A runner that is on its way out is not its line's any more: newcomers get a new one. */
  #detach(entry: RunnerEntry): void {
    if (entry.line.runner !== entry) return
    entry.line.runner = null
    // Read again before the next load: it may have changed while nobody had it loaded.
    if (entry.line.waiting.size === 0) entry.line.known = null
    this.#touch(entry.line)
  }

  #settleIdle(): void {
    const idle = [...this.#idle]
    this.#idle.clear()
    for (const entry of idle) {
      this.#pool.settle(entry)
      this.#moveUp(entry)
    }
  }

  /** An idle runner of which a part is not on the GPU moves there, where there is room by now. */
  #moveUp(entry: RunnerEntry): void {
    const { known } = entry.line
    if (known === null || entry.line.runner !== entry || this.#stopping) return
    const { budget, learned } = this.#options
    const plan = moveUp(entry, memoryView(budget, learned, known, entry.purpose))
    if (plan === null) return
    this.#load(entry.line, { adapters: entry.spec.adapters }, plan, `moves up: ${plan.placement.reason}`)
  }

  // What is told from outside

  /** A runner is loaded, or one of its slots is free. */
  #freed(entry: RunnerEntry): void {
    this.#touch(entry.line)
    if (entry.jobs.size === 0) {
      this.#idle.add(entry)
      this.#touchWaitingFor('memory', 'cores')
    }
    this.#look()
  }

  #gone(entry: RunnerEntry, why: string, failure: BackendError | null): void {
    this.#jobs.lose(entry, why)
    this.#detach(entry)
    this.#idle.delete(entry)
    if (failure !== null) this.#loadFailed(entry.line, label(entry), failure)
    for (const watcher of Array.from(this.#watchers)) watcher()
    this.#roomier()
  }

  /** Ends the requests that waited for a load that failed; after a crash they may wait for one more. */
  #loadFailed(line: Line, name: string, failure: BackendError): void {
    for (const record of Array.from(line.waiting)) {
      if (this.#jobs.mayTryAgain(record, failure)) {
        this.#log.emit({ type: 'retried', ...ofRequest(record), why: failure.message })
        continue
      }
      const message = `${name} could not be loaded: ${failure.message}`
      this.#refuse(record, new SchedulerError('load-failed', message, { cause: failure }))
    }
  }

  #roomier(): void {
    this.#touchWaitingFor('memory', 'cores')
    for (const entry of this.#pool.entries) if (entry.state === 'ready') this.#idle.add(entry)
    this.#look()
  }

  #readModel(line: Line): void {
    line.reading += 1
    const reading = line.reading
    const done = (then: () => void) => {
      if (line.reading !== reading) return
      line.reading = 0
      then()
      this.#touch(line)
      this.#look()
    }
    readModel(this.#options.backends, line.model, line.purpose).then(
      (known) => done(() => this.#known(line, known)),
      (error: unknown) => done(() => this.#unreadable(line, error)),
    )
  }

  #known(line: Line, known: NonNullable<Line['known']>): void {
    line.known = known
    const { runner } = line
    // With requests waiting, the decision about their head replaces it.
    if (runner === null || runner.spec.revision === known.info.revision || line.waiting.size > 0) return
    this.#letGo(runner, 'the model has changed')
  }

  #unreadable(line: Line, error: unknown): void {
    if (!(error instanceof SchedulerError)) throw error
    for (const record of Array.from(line.waiting)) this.#refuse(record, error)
    if (line.runner !== null) this.#letGo(line.runner, error.message)
  }

  /** Takes a runner from its line: it leaves when its jobs are done. */
  #letGo(entry: RunnerEntry, why: string): void {
    this.#detach(entry)
    if (entry.state === 'busy') this.#pool.drain(entry, why, 'unload', null)
    else this.#pool.evict(entry, why)
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
