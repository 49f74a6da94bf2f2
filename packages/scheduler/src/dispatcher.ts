import type { LearnedMemory, MemoryBudget } from '@berth/budget'
import type { Admission } from './admission.js'
import { Agenda } from './agenda.js'
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
import { Loads } from './loads.js'
import { BudgetView } from './memory-view.js'
import { ModelReader } from './model-reader.js'
import type { ParkedJob } from './parked-job.js'
import type { Order } from './order/order.js'
import type { LoadWish, RequestId } from './request.js'
import type { RequestQueue } from './request-queue.js'
import { ofRequest, type RequestRecord } from './request-record.js'
import type { RunnerPool } from './runner-pool.js'
import { isForeign, label, totalBytes, type RunnerEntry } from './runner-entry.js'
import type { SchedulerSettings } from './settings.js'
import { Shortage } from './shortage.js'
import { Withdrawal } from './withdrawal.js'

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
  readonly #short: Shortage
  readonly #agenda: Agenda
  readonly #loads: Loads
  readonly #withdrawal: Withdrawal
  #looking = false

  constructor(parts: DispatcherParts) {
    this.#parts = parts
    this.#short = new Shortage(parts.clock, (line) => this.#again(line))
    const agenda = new Agenda(parts.order, this.#short)
    this.#agenda = agenda
    this.#loads = new Loads({ ...parts, agenda })
    this.#withdrawal = new Withdrawal({ ...parts, agenda })
    this.#reader = new ModelReader(parts.backends, (line, outcome) => this.#told(line, outcome))
  }

  // How requests end without their answer

  /** Ends a waiting request with an error. */
  refuse(record: RequestRecord, error: SchedulerError): void {
    this.#withdrawal.refuse(record, error)
  }

  /** Ends a request wherever it is; one that is over stays as it is. */
  cancel(record: RequestRecord, why: string): void {
    this.#withdrawal.cancel(record, why)
    this.look()
  }

  // Looking

  /** Marks a line for the next look. */
  touch(line: Line): void {
    this.#agenda.touch(line)
  }

  /** It is time to decide about a line anew. */
  #again(line: Line): void {
    this.touch(line)
    this.look()
  }

  /** Decides about the heads of the marked lines, the oldest first, until nothing is marked. */
  look(): void {
    if (this.#looking) return
    this.#looking = true
    try {
      while (!this.#agenda.isEmpty) {
        for (const line of this.#agenda.takeLines()) this.#serve(line)
        if (this.#agenda.hasLines) continue
        for (const entry of this.#agenda.takeIdle()) {
          this.#parts.pool.settle(entry)
          this.#loads.moveUp(entry)
        }
      }
    } finally {
      this.#looking = false
    }
  }

  /** Serves a line until its head has to wait. */
  #serve(line: Line): void {
    const kept = this.#short.leave(line)
    this.#serveHeads(line)
    if (kept && !line.keepsRoom) this.#agenda.touchShort()
  }

  #serveHeads(line: Line): void {
    for (;;) {
      const head = line.waiting.first
      if (head === undefined) return this.#parts.queue.prune(line)
      const refusal = head.refusedBy.at(-1)
      // Those that have not refused it go first, so that this one is known for want of another.
      if (refusal !== undefined && head.refusedBy.some(({ backend }) => backend === line.known?.backend)) {
        this.#withdrawal.giveUp(head, refusal.error)
        continue
      }
      if (head.parked !== null && line.known !== null && !goesOn(head.parked, line.known)) {
        // What it has said of its text cannot be taken back.
        if (head.delivered) this.#withdrawal.giveUp(head, changedWhileAside(head))
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
        this.#agenda.touchIdle(line.runner)
        this.#parts.admission.dequeue(head, 'running')
        this.#withdrawal.serves(line.runner, 1)
        this.#withdrawal.callOffDrains(head.id)
        return this.#parts.jobs.start(line.runner, head, decision.why)
      case 'load': {
        const { plan, why } = decision
        return this.#loads.load(line, wishOf(head), plan, why, head.request.keepAliveMs)
      }
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

  // What is told from outside

  /** A runner is on its way out. */
  leaving(entry: RunnerEntry): void {
    this.#loads.detach(entry)
  }

  /** Takes a runner from its line: it leaves when its jobs are done. */
  letGo(entry: RunnerEntry, why: string): void {
    this.#loads.letGo(entry, why)
  }

  /** A runner is loaded. */
  ready(entry: RunnerEntry): void {
    this.#parts.forecast.loaded(entry, totalBytes(entry), entry.lastUsed - entry.begunAt)
    entry.owed = entry.line.runner === entry ? entry.line.waiting.size : 0
    entry.owesUntil = this.#parts.clock.now() + this.#parts.settings.starvationMs
    this.freed(entry)
  }

  /** One of a runner's slots was given away: to that request, and not to one that came before it in line meanwhile. */
  gaveWay(entry: RunnerEntry, to: RequestId): void {
    const record = this.#parts.admission.find(to)
    if (record?.state !== 'waiting' || record.line.runner !== entry) return
    const decision = this.#decide(record.line, record)
    if (decision.do === 'run') this.#apply(record.line, record, decision)
  }

  /** One of a runner's slots is free. */
  freed(entry: RunnerEntry): void {
    this.touch(entry.line)
    if (entry.jobs.size === 0) {
      this.#agenda.touchIdle(entry)
      this.#agenda.touchShort()
    } else this.#touchPreempting(entry)
    this.look()
  }

  /** What still runs there may be all batch work now, and give way. */
  #touchPreempting(entry: RunnerEntry): void {
    for (const line of this.#short) if (isInteractive(line)) this.touch(line)
    if (entry.drain === null) return
    for (const { line, after } of this.#parts.pool.entries) {
      if (after.has(entry) && isInteractive(line)) this.touch(line)
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
    this.#loads.detach(entry)
    this.#parts.jobs.lose(entry, why)
    this.#agenda.forget(entry)
    entry.line.runners.delete(entry)
    this.touch(entry.line)
    if (failure !== null) {
      if (isForeign(entry)) this.#loads.avoid(entry)
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
    this.#agenda.touchShort()
    for (const entry of this.#parts.pool.entries) if (entry.state === 'ready') this.#agenda.touchIdle(entry)
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
    this.#loads.letGo(runner, 'the model has changed')
  }

  #unreadable(line: Line, error: SchedulerError): void {
    for (const record of Array.from(line.waiting)) {
      const refusal = record.refusedBy.at(-1)
      if (refusal === undefined) this.refuse(record, error)
      else this.#withdrawal.giveUp(record, refusal.error)
    }
    const { cause } = error
    // An engine that could not be asked says nothing of the model: what is loaded stays.
    const unknown =
      error.code === 'load-failed' && cause instanceof BackendError && cause.code !== 'bad-model'
    if (line.runner !== null && !unknown) this.#loads.letGo(line.runner, error.message)
  }

  /** Lets a foreign runner go that failed a job: where the model runs is asked anew, and elsewhere first. */
  doubt(entry: RunnerEntry, why: string): void {
    this.#loads.letGo(entry, why)
    this.#loads.avoid(entry)
  }
}

function isInteractive(line: Line): boolean {
  return line.waiting.first?.class === 'interactive'
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
