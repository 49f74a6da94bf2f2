import type { LearnedMemory, MemoryBudget } from '@berth/budget'
import type { Admission } from './admission.js'
import type { Backend, ModelId } from './backend.js'
import type { Clock } from './clock.js'
import { decide, type Decision } from './decide.js'
import { BackendError, SchedulerError } from './errors.js'
import type { EventLog } from './event-log.js'
import type { EvictionRule } from './eviction.js'
import { HeadForecast } from './expectations.js'
import type { Forecast } from './forecast/forecast.js'
import type { Jobs } from './jobs.js'
import type { KnownModel, Line } from './line.js'
import { BudgetView } from './memory-view.js'
import { ModelReader } from './model-reader.js'
import { moveUp } from './move-up.js'
import { newEntry } from './new-entry.js'
import type { ParkedJob } from './parked-job.js'
import type { Order } from './order/order.js'
import type { LoadPlan } from './plan-load.js'
import type { LoadWish } from './request.js'
import type { RequestQueue } from './request-queue.js'
import { ofRequest, type RequestRecord } from './request-record.js'
import type { RunnerPool } from './runner-pool.js'
import { isForeign, label, totalBytes, type RunnerEntry, type RunningJob } from './runner-entry.js'
import type { SchedulerSettings } from './settings.js'
import { Shortage } from './shortage.js'

export interface DispatcherParts {
  readonly backends: readonly Backend[]
  readonly budget: MemoryBudget
  readonly learned: LearnedMemory
  readonly clock: Clock
  readonly settings: SchedulerSettings
  readonly log: EventLog
  readonly order: Order
  readonly forecast: Forecast
  readonly eviction: EvictionRule<RunnerEntry>
  readonly queue: RequestQueue
  readonly admission: Admission
  readonly pool: RunnerPool
  readonly jobs: Jobs
  readonly isPinned: (model: ModelId) => boolean
}

/**
 * Gives waiting requests their runners. Whatever happens (a request, a job's end, a runner's end, a timer)
 * marks the lines it may matter to and calls `look`, which decides about the head of each of them, the
 * oldest first, until nothing more can be done. Nothing else starts jobs or loads.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts
  readonly #reader: ModelReader
  readonly #dirty = new Set<Line>()
  /** Runners whose keep-alive begins once no waiting request wants them. */
  readonly #idle = new Set<RunnerEntry>()
  readonly #short: Shortage
  #looking = false
  #loads = 0

  constructor(parts: DispatcherParts) {
    this.#parts = parts
    this.#short = new Shortage(parts.clock, (line) => this.#again(line))
    this.#reader = new ModelReader(parts.backends, (line, outcome) => this.#told(line, outcome))
  }

  // How requests end without their answer

  /** Ends a waiting request with an error. */
  refuse(record: RequestRecord, error: SchedulerError): void {
    this.#parts.admission.dequeue(record, 'over')
    this.#parts.log.emit({ type: 'refused', ...ofRequest(record), code: error.code, why: error.message })
    this.#withdrawn(record, error)
  }

  /** Ends a request that waits for another try with what its first one ended with. */
  #giveUp(record: RequestRecord, error: BackendError | SchedulerError): void {
    this.#parts.admission.dequeue(record, 'over')
    this.#parts.log.emit({ type: 'failed', ...ofRequest(record), runner: null, why: error.message })
    this.#withdrawn(record, error)
  }

  /** Ends a request wherever it is; one that is over stays as it is. */
  cancel(record: RequestRecord, why: string): void {
    if (record.state === 'over') return
    const job = jobOf(record)
    if (record.state === 'waiting') this.#parts.admission.dequeue(record, 'over')
    record.state = 'over'
    this.#parts.log.emit({ type: 'cancelled', ...ofRequest(record), why })
    const error = new SchedulerError('cancelled', why)
    record.reading?.next.reject(error)
    this.#withdrawn(record, error)
    job?.run.cancel()
    this.look()
  }

  /** Calls off what was begun for a request that no longer waits. */
  #withdrawn(record: RequestRecord, error: SchedulerError | BackendError): void {
    const { line } = record
    record.granted.reject(error)
    record.coming.reject(error)
    this.#parts.jobs.discard(record)
    this.#callOffDrains(record.id)
    this.touch(line)
    const { runner } = line
    if (runner !== null) this.#serves(runner, 0)
    if (line.waiting.size > 0 || runner?.state !== 'loading' || (runner.pinned && runner.begun)) return
    // First: with this load gone, a line may be given a second runner beside the one that stays after all.
    this.#callOffDrains(runner.id)
    this.#parts.pool.evict(runner, 'nobody waits for this load any more')
  }

  #callOffDrains(sake: string): void {
    for (const entry of this.#parts.pool.callOffDrains(sake)) {
      entry.line.runner ??= entry
      this.touch(entry.line)
    }
  }

  // Looking

  /** Marks a line for the next look. */
  touch(line: Line): void {
    this.#dirty.add(line)
  }

  /** It is time to decide about a line anew. */
  #again(line: Line): void {
    this.touch(line)
    this.look()
  }

  /** Marks the lines whose heads wait for memory or cores. */
  #touchShort(): void {
    for (const line of this.#short) this.touch(line)
  }

  /** Decides about the heads of the marked lines, the oldest first, until nothing is marked. */
  look(): void {
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
      return this.#parts.order.compare(x, y)
    })
  }

  /** Serves a line until its head has to wait. */
  #serve(line: Line): void {
    const kept = this.#short.leave(line)
    this.#serveHeads(line)
    if (kept && !line.keepsRoom) this.#touchShort()
  }

  #serveHeads(line: Line): void {
    for (;;) {
      const head = line.waiting.first
      if (head === undefined) return this.#parts.queue.prune(line)
      const refusal = head.refusedBy.at(-1)
      // Those that have not refused it go first, so that this one is known for want of another.
      if (refusal !== undefined && head.refusedBy.some(({ backend }) => backend === line.known?.backend)) {
        this.#giveUp(head, refusal.error)
        continue
      }
      if (head.parked !== null && line.known !== null && !goesOn(head.parked, line.known)) {
        // What it has said of its text cannot be taken back.
        if (head.delivered) this.#giveUp(head, changedWhileAside(head))
        else this.#parts.jobs.beginAnew(head)
        continue
      }
      const decision = this.#decide(line, head)
      if (decision.do === 'wait') return this.#wait(line, head, decision)
      this.#apply(line, head, decision)
    }
  }

  #decide(line: Line, head: RequestRecord): Decision<RunnerEntry> {
    const { known } = line
    if (known === null) {
      if (line.reading === 0) this.#reader.read(line)
      return { do: 'wait', for: 'model', why: `reads what ${line.model} needs` }
    }
    const { clock, eviction, forecast, pool, queue, settings } = this.#parts
    const now = clock.now()
    return decide({
      settings,
      model: line.model,
      revision: known.info.revision,
      profile: known.profile,
      wish: wishOf(head),
      hasJob: head.request.job !== undefined,
      request: { id: head.id, class: head.class },
      now,
      waitedMs: now - head.waitsSince,
      line: { waitedMs: queue.waitedMs(line, now), waiting: line.waiting.size },
      expected: new HeadForecast(forecast, head, now),
      eviction,
      roomIsKeptFor: this.#short.roomIsKeptFor(line, head),
      mine: line.runner,
      runners: pool.entries,
      memory: new BudgetView(this.#parts.budget, this.#parts.learned, known, line.purpose),
    })
  }

  #wait(line: Line, head: RequestRecord, decision: Decision<RunnerEntry> & { do: 'wait' }): void {
    if (head.why !== decision.why) {
      head.why = decision.why
      this.#parts.log.emit({ type: 'waiting', ...ofRequest(head), why: decision.why })
    }
    const { until = Infinity } = decision
    if (decision.for !== 'memory' && decision.for !== 'cores') {
      if (until < Infinity) line.timer = this.#parts.clock.at(until, () => this.#again(line))
      return
    }
    // Only where no room was found is it said whether what comes free is to be kept.
    if (decision.keepsRoom !== undefined) this.#parts.jobs.makeRoom()
    const at = this.#nextChange(head, until)
    this.#short.enter(line, { keepsRoom: decision.keepsRoom ?? false, at })
  }

  /** The next moment at which a decision about a head that waits for memory or cores changes by time alone; Infinity for none. */
  #nextChange(head: RequestRecord, until: number): number {
    const { clock, settings, pool } = this.#parts
    const now = clock.now()
    let next = until
    const soonest = (at: number) => {
      if (at > now && at < next) next = at
    }
    soonest(head.waitsSince + settings.patienceMs)
    for (const { owed, owesUntil } of pool.entries) if (owed > 0) soonest(owesUntil)
    return next
  }

  #apply(line: Line, head: RequestRecord, decision: Exclude<Decision<RunnerEntry>, { do: 'wait' }>): void {
    switch (decision.do) {
      case 'run':
        if (line.runner === null) throw new Error(`No runner for ${head.id}, which was to run`)
        this.#parts.pool.keepAlive(line.runner, head.request.keepAliveMs)
        this.#idle.add(line.runner)
        this.#parts.admission.dequeue(head, 'running')
        this.#serves(line.runner, 1)
        this.#callOffDrains(head.id)
        return this.#parts.jobs.start(line.runner, head, decision.why)
      case 'load':
        return this.#load(line, wishOf(head), decision.plan, decision.why, head.request.keepAliveMs)
      case 'rest':
        return this.#parts.pool.drain(decision.runner, decision.why, 'rest', head.id)
      case 'preempt':
        for (const id of decision.requests) {
          this.#parts.jobs.preempt(decision.runner, id, head, decision.why)
        }
        return
      case 'refuse':
        return this.refuse(head, new SchedulerError(decision.code, decision.why))
    }
  }

  #load(line: Line, wish: LoadWish, plan: LoadPlan<RunnerEntry>, why: string, keepAliveMs?: number): void {
    if (line.known === null) throw new Error(`A load of ${line.model} was decided before it was read`)
    const { budget } = this.#parts
    this.#loads += 1
    const entry = newEntry({
      id: `m${this.#loads}`,
      now: this.#parts.clock.now(),
      line,
      known: line.known,
      wish,
      plan,
      budget,
      keepAliveMs: keepAliveMs ?? line.runner?.keepAliveMs ?? this.#parts.settings.keepAliveMs,
      keepAliveGiven: keepAliveMs !== undefined || (line.runner?.keepAliveGiven ?? false),
      pinned: this.#parts.isPinned(line.model),
    })
    // Planning and claiming read the same budget in the same turn, so this is a mistake of ours, never a matter of luck.
    if (entry === null) throw new Error(`The budget turned down what was planned for ${line.model}`)
    for (const other of entry.after) this.detach(other)
    line.runner = entry
    line.runners.add(entry)
    this.#parts.pool.admit(entry, why)
  }

  /** A runner that is on its way out is not its line's any more: newcomers get a new one. */
  detach(entry: RunnerEntry): void {
    if (entry.line.runner !== entry) return
    entry.line.runner = null
    // Read again before the next load: it may have changed while nobody had it loaded.
    if (entry.line.waiting.size === 0) entry.line.known = null
    this.touch(entry.line)
  }

  #settleIdle(): void {
    const idle = [...this.#idle]
    this.#idle.clear()
    for (const entry of idle) {
      this.#parts.pool.settle(entry)
      this.#moveUp(entry)
    }
  }

  /** An idle runner of which a part is not on the GPU moves there, where there is room by now. */
  #moveUp(entry: RunnerEntry): void {
    const { known } = entry.line
    if (known === null || entry.line.runner !== entry) return
    const { budget, learned } = this.#parts
    const plan = moveUp(entry, new BudgetView(budget, learned, known, entry.purpose))
    if (plan === null) return
    this.#load(entry.line, { adapters: entry.spec.adapters }, plan, `moves up: ${plan.placement.reason}`)
  }

  /** So many of those that a runner was loaded for are served; and no more are owed than wait. */
  #serves(entry: RunnerEntry, served: number): void {
    if (entry.owed === 0) return
    entry.owed = Math.min(entry.owed - served, entry.line.waiting.size)
    if (entry.owed === 0) this.#touchShort()
  }

  // What is told from outside

  /** A runner is loaded. */
  ready(entry: RunnerEntry): void {
    this.#parts.forecast.loaded(entry, totalBytes(entry), entry.lastUsed - entry.begunAt)
    entry.owed = entry.line.runner === entry ? entry.line.waiting.size : 0
    entry.owesUntil = this.#parts.clock.now() + this.#parts.settings.starvationMs
    this.freed(entry)
  }

  /** One of a runner's slots is free. */
  freed(entry: RunnerEntry): void {
    this.touch(entry.line)
    if (entry.jobs.size === 0) {
      this.#idle.add(entry)
      this.#touchShort()
    } else this.#touchPreempting(entry)
    this.look()
  }

  /** What still runs there may be all batch work now, and give way. */
  #touchPreempting(entry: RunnerEntry): void {
    const preempting = (line: Line) => line.waiting.first?.class === 'interactive'
    for (const line of this.#short) if (preempting(line)) this.touch(line)
    if (entry.drain === null) return
    for (const { line, after } of this.#parts.pool.entries) {
      if (after.has(entry) && preempting(line)) this.touch(line)
    }
  }

  /** A job may give its slot away, or will not: whoever wants it looks again. */
  mayGiveWay(entry: RunnerEntry): void {
    this.touch(entry.line)
    this.#touchPreempting(entry)
    this.look()
  }

  /** A runner is gone, and its memory is back; `failure` where a load failed that nobody called off. */
  gone(entry: RunnerEntry, why: string, failure: BackendError | null): void {
    this.detach(entry)
    this.#parts.jobs.lose(entry, why)
    this.#idle.delete(entry)
    entry.line.runners.delete(entry)
    this.touch(entry.line)
    if (failure !== null) {
      if (isForeign(entry)) this.#avoid(entry)
      this.#loadFailed(entry, failure)
    }
    this.roomier()
  }

  /** Ends the requests that waited for a load that failed; after a crash they may wait for one more. */
  #loadFailed(entry: RunnerEntry, failure: BackendError): void {
    for (const record of Array.from(entry.line.waiting)) {
      if (this.#parts.jobs.mayTryAgain(entry, record, failure)) {
        this.#parts.log.emit({ type: 'retried', ...ofRequest(record), why: failure.message })
        continue
      }
      const message = `${label(entry)} could not be loaded: ${failure.message}`
      this.refuse(record, new SchedulerError('load-failed', message, { cause: failure }))
    }
  }

  /** Memory or cores may have come free. */
  roomier(): void {
    this.#touchShort()
    for (const entry of this.#parts.pool.entries) if (entry.state === 'ready') this.#idle.add(entry)
    this.look()
  }

  /** Reads again what is known of a line's model; until then nobody is granted what may be the old one. */
  reread(line: Line): void {
    line.known = null
    this.#reader.read(line)
  }

  #told(line: Line, outcome: KnownModel | SchedulerError): void {
    if (outcome instanceof SchedulerError) this.#unreadable(line, outcome)
    else this.#known(line, outcome)
    this.touch(line)
    this.look()
  }

  #known(line: Line, known: KnownModel): void {
    line.known = known
    line.avoided = null
    const { runner } = line
    // With requests waiting, the decision about their head replaces it.
    if (runner === null || runner.spec.revision === known.info.revision || line.waiting.size > 0) return
    this.letGo(runner, 'the model has changed')
  }

  #unreadable(line: Line, error: SchedulerError): void {
    for (const record of Array.from(line.waiting)) {
      const refusal = record.refusedBy.at(-1)
      if (refusal === undefined) this.refuse(record, error)
      else this.#giveUp(record, refusal.error)
    }
    const { cause } = error
    // An engine that could not be asked says nothing of the model: what is loaded stays.
    const unknown =
      error.code === 'load-failed' && cause instanceof BackendError && cause.code !== 'bad-model'
    if (line.runner !== null && !unknown) this.letGo(line.runner, error.message)
  }

  /** Lets a foreign runner go that failed a job: where the model runs is asked anew, and elsewhere first. */
  doubt(entry: RunnerEntry, why: string): void {
    this.letGo(entry, why)
    this.#avoid(entry)
  }

  #avoid({ line, backend }: RunnerEntry): void {
    line.avoided = backend
    line.known = null
  }

  /** Takes a runner from its line: it leaves when its jobs are done. */
  letGo(entry: RunnerEntry, why: string): void {
    this.detach(entry)
    if (entry.state === 'busy') this.#parts.pool.drain(entry, why, 'unload', null)
    else this.#parts.pool.evict(entry, why)
  }
}

/** The slot that a request has, be it on a runner that its line has let go of. */
function jobOf(record: RequestRecord): RunningJob | undefined {
  for (const entry of record.line.runners) {
    const job = entry.jobs.get(record.id)
    if (job !== undefined) return job
  }
  return undefined
}

/** What a load must grant a request: one that was set aside goes on only with what it had. */
function wishOf({ request, parked }: RequestRecord): LoadWish {
  const asked = request.wish ?? {}
  return parked === null ? asked : parked.wish(asked)
}

/** Whether what was set aside can go on with what is there now. */
function goesOn(parked: ParkedJob, known: KnownModel): boolean {
  return parked.backend === known.backend && parked.spec.revision === known.info.revision
}

function changedWhileAside({ line }: RequestRecord): SchedulerError {
  const message = `${line.model} has changed while this answer was set aside: it cannot go on as it began`
  return new SchedulerError('runner-lost', message)
}
