import type { LearnedMemory, MemoryBudget, Reservation } from '@berth/budget'
import type { Runner, RunnerEnd } from './backend.js'
import type { Clock } from './clock.js'
import type { EvictionRule } from './eviction.js'
import type { Forecast } from './forecast/forecast.js'
import { asBackendError, BackendError } from './errors.js'
import type { EventLog } from './event-log.js'
import { keepAliveEnd, learnedKeepAlive } from './keep-alive.js'
import { learnedName } from './memory-view.js'
import { relief } from './relief.js'
import { isForeign, label, totalBytes, usesCores, type RunnerEntry, type RunningJob } from './runner-entry.js'
import { tryNext, type RunnerEvent } from './runner-state.js'
import { seconds } from './seconds.js'
import type { SchedulerSettings } from './settings.js'
import { shareCores } from './share-cores.js'

/** By how much more is asked for after a load that ran out of memory. */
const SHORTAGE = 1.2

/** What the pool tells the scheduler; it has finished its own part then. */
export interface PoolListener {
  /** Loaded: it can take jobs. */
  ready(entry: RunnerEntry): void
  /** On its way out, as of now: it takes no more jobs. */
  leaving(entry: RunnerEntry): void
  /** Gone, its memory given back. `failure` is set where a load failed that nobody called off. */
  gone(entry: RunnerEntry, why: string, failure: BackendError | null): void
  /** Memory may have come free without a runner's end. */
  roomier(): void
}

/** The runners from decision to confirmed end: their states, memory, cores, keep-alive and watchdogs. */
export class RunnerPool {
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #budget: MemoryBudget
  readonly #learned: LearnedMemory
  readonly #settings: SchedulerSettings
  readonly #forecast: Forecast
  readonly #eviction: EvictionRule<RunnerEntry>
  readonly #listener: PoolListener
  readonly #entries = new Set<RunnerEntry>()
  /** Those of them that take no new job; few at any time, and asked for at every request's end. */
  readonly #draining = new Set<RunnerEntry>()

  constructor(options: {
    clock: Clock
    log: EventLog
    budget: MemoryBudget
    learned: LearnedMemory
    settings: SchedulerSettings
    forecast: Forecast
    eviction: EvictionRule<RunnerEntry>
    listener: PoolListener
  }) {
    this.#clock = options.clock
    this.#log = options.log
    this.#budget = options.budget
    this.#learned = options.learned
    this.#settings = options.settings
    this.#forecast = options.forecast
    this.#eviction = options.eviction
    this.#listener = options.listener
  }

  /** All runners that are not Idle, in the order in which their loads were decided. */
  get entries(): ReadonlySet<RunnerEntry> {
    return this.#entries
  }

  /** Takes a runner in at the decision to load it; its memory is reserved already. Loads when its turn has come. */
  admit(entry: RunnerEntry, why: string): void {
    this.#entries.add(entry)
    this.#change(entry, 'load', why)
    for (const other of entry.after) {
      if (other.state === 'unloading') continue
      if (other.jobs.size === 0)
        this.evict(other, `makes room for ${label(entry)}: ${this.#eviction.why(other)}`)
      else this.drain(other, `drains for ${label(entry)}`, 'unload', entry.id)
    }
    this.#beginWhatCan()
  }

  /** Makes a runner busy with a job that is about to start: what its first decode may use is settled before it begins. */
  engage(entry: RunnerEntry, why: string): void {
    const now = this.#clock.now()
    if (entry.jobs.size === 0) entry.lastIdle = now
    entry.lastUsed = now
    this.#change(entry, 'start', why)
  }

  /** Puts the started job into a slot. */
  occupy(entry: RunnerEntry, job: RunningJob): void {
    entry.jobs.set(job.record.id, job)
    // Beside others the watchdog is set already, and no younger sign of life makes it due sooner.
    if (entry.jobs.size === 1) this.#watch(entry)
  }

  /** Takes a job out of its slot. */
  vacate(entry: RunnerEntry, request: string): void {
    entry.jobs.delete(request)
    entry.lastUsed = this.#clock.now()
    if (entry.jobs.size > 0 || entry.state !== 'busy') return
    entry.lastIdle = entry.lastUsed
    this.#change(entry, 'free', 'its last job is done')
    if (entry.drain?.end === 'unload') {
      this.evict(entry, `drained: ${entry.drain.why}`)
      return
    }
    this.#undrain(entry)
  }

  /** To be called once nobody wants an idle runner at once: lets its keep-alive run, or ends it. */
  settle(entry: RunnerEntry): void {
    if (entry.state !== 'ready') return
    this.#timer(entry, null)
    const learned = this.#learnKeepAlive(entry)
    const end = keepAliveEnd(entry)
    if (end === null || isForeign(entry)) return
    if (end > this.#clock.now()) {
      this.#timer(
        entry,
        this.#clock.at(end, () => this.settle(entry)),
      )
      return
    }
    const idle = seconds(this.#clock.now() - entry.lastUsed)
    this.evict(entry, `idle ${idle}, its keep-alive of ${seconds(entry.keepAliveMs)} is over${learned}`)
  }

  /** Gives a runner the keep-alive that its model's requests have taught; returns what there is to say of that. */
  #learnKeepAlive(entry: RunnerEntry): string {
    const { keepAlive, keepAliveMs } = this.#settings
    if (keepAlive !== 'learned' || entry.keepAliveGiven) return ''
    const learned = learnedKeepAlive(this.#forecast.gaps(entry), keepAliveMs)
    entry.keepAliveMs = learned?.ms ?? keepAliveMs
    return learned === null ? '' : `, ${learned.why}`
  }

  /** Lets the keep-alive begin anew, with another length where one is given. */
  keepAlive(entry: RunnerEntry, ms: number | undefined): void {
    if (ms !== undefined) {
      entry.keepAliveMs = ms
      entry.keepAliveGiven = true
    }
    entry.lastUsed = this.#clock.now()
  }

  pin(entry: RunnerEntry, pinned: boolean): void {
    if (entry.pinned === pinned) return
    entry.pinned = pinned
    this.#log.emit({ type: 'pinned', ...this.#of(entry), pinned })
    this.settle(entry)
  }

  /** Lets a runner take no new job. */
  drain(entry: RunnerEntry, why: string, end: 'unload' | 'rest', sake: string | null): void {
    if (entry.drain?.end === 'unload') return
    entry.drain = { why, end, sake }
    this.#draining.add(entry)
    this.#log.emit({ type: 'draining', ...this.#of(entry), why })
  }

  /** Lets those that drain for a load or request that was called off go on, but for one whose line has another runner by now; returns them. */
  callOffDrains(sake: string): readonly RunnerEntry[] {
    const free: RunnerEntry[] = []
    for (const entry of this.#draining) {
      if (entry.drain?.sake !== sake || entry.state === 'unloading') continue
      const { runner } = entry.line
      if (runner !== null && runner !== entry) {
        entry.drain = { ...entry.drain, sake: null }
        continue
      }
      this.#undrain(entry)
      free.push(entry)
    }
    return free
  }

  #undrain(entry: RunnerEntry): void {
    entry.drain = null
    this.#draining.delete(entry)
  }

  /** Asks an idle runner, or one that is loading for nobody any more, to leave. */
  evict(entry: RunnerEntry, why: string): void {
    if (entry.state === 'unloading' || entry.state === 'idle') return
    this.#log.emit({ type: 'evicted', ...this.#of(entry), why, frees: totalBytes(entry) })
    this.#leave(entry, why, 'gracefully')
  }

  /** Ends a runner that is stuck, or whose time is up, whatever it does. */
  kill(entry: RunnerEntry, why: string): void {
    if (entry.state === 'idle') return
    entry.doom ??= why
    if (entry.state !== 'unloading') this.#log.emit({ type: 'lost', ...this.#of(entry), why })
    this.#leave(entry, why, 'now')
  }

  /** Looks whether loads that waited for memory can begin, and lets idle runners leave an overdrawn device. */
  memoryChanged(): void {
    this.#relieve()
    this.#beginWhatCan()
  }

  #leave(entry: RunnerEntry, why: string, how: 'gracefully' | 'now'): void {
    this.#timer(entry, null)
    if (entry.state !== 'unloading') {
      this.#change(entry, 'unload', why)
      this.#listener.leaving(entry)
    }
    if (entry.runner !== null) {
      // Its end is told by `ended`; a stop that fails has nothing to add to that.
      entry.runner.stop(how).catch(() => undefined)
    } else if (entry.begun) {
      entry.abort.abort(why)
    } else {
      this.#gone(entry, why, null)
    }
  }

  #beginWhatCan(): void {
    for (const entry of this.#entries) {
      if (entry.state !== 'loading' || entry.begun) continue
      if (entry.after.size > 0) continue
      if (entry.reservation.grant()) this.#begin(entry)
      // Others took the room meanwhile. Who waits has a deadline; without anybody the load would wait for ever.
      else if (entry.line.waiting.size === 0)
        this.evict(entry, 'others took its room, and nobody waits for it')
    }
  }

  #begin(entry: RunnerEntry): void {
    entry.begun = true
    entry.begunAt = this.#clock.now()
    entry.lastSign = entry.begunAt
    this.#share()
    this.#watch(entry)
    const report = (progress: RunnerEntry['progress'] & object) => {
      entry.lastSign = this.#clock.now()
      if (entry.state !== 'loading') return
      entry.progress = progress
      this.#log.emit({ type: 'loading', ...this.#of(entry), progress })
    }
    entry.backend.load({ ...entry.spec, threads: entry.threads }, report, entry.abort).then(
      (runner) => this.#loaded(entry, runner),
      (error: unknown) => this.#loadFailed(entry, error),
    )
  }

  #loaded(entry: RunnerEntry, runner: Runner): void {
    const isWanted = () => entry.state === 'loading'
    entry.runner = runner
    void runner.ended.then((end) => this.#ended(entry, end))
    if (!isWanted()) {
      // Called off in the moment in which it succeeded.
      runner.stop('now').catch(() => undefined)
      return
    }
    runner.onMemory((bytes) => this.#measured(entry, bytes))
    // What it takes may have been news that made it leave at once.
    if (!isWanted()) return
    this.#timer(entry, null)
    const took = seconds(this.#clock.now() - entry.since)
    entry.lastUsed = this.#clock.now()
    entry.lastIdle = entry.lastUsed
    this.#change(entry, 'loaded', `loaded in ${took}, a first token was computed`)
    this.#listener.ready(entry)
  }

  #loadFailed(entry: RunnerEntry, error: unknown): void {
    const wanted = entry.state === 'loading'
    const failure = asBackendError(error)
    const why = entry.doom ?? failure.message
    if (wanted || entry.doom !== null) this.#log.emit({ type: 'load-failed', ...this.#of(entry), why })
    if (failure.code === 'out-of-memory') this.#learnShortage(entry)
    const told = entry.doom === null ? failure : new BackendError('lost', entry.doom, { cause: failure })
    this.#gone(entry, why, wanted || entry.doom !== null ? told : null)
  }

  /** What was reserved was too little, by how much nobody says: the next try asks for more, and so finds another place. */
  #learnShortage(entry: RunnerEntry): void {
    const { placement } = entry.spec
    const more = placement.bytes.map(({ device, bytes }) => ({ device, bytes: Math.ceil(bytes * SHORTAGE) }))
    this.#learned.learn(learnedName(entry.purpose, entry.spec.revision), entry.settings, placement, more)
  }

  #ended(entry: RunnerEntry, end: RunnerEnd): void {
    if (entry.state === 'idle') return
    if (!end.asked && entry.state !== 'unloading') {
      entry.doom ??= end.reason
      this.#log.emit({ type: 'lost', ...this.#of(entry), why: end.reason })
    }
    this.#gone(entry, entry.doom ?? end.reason, null)
  }

  #gone(entry: RunnerEntry, why: string, failure: BackendError | null): void {
    this.#timer(entry, null)
    entry.reservation.release()
    this.#entries.delete(entry)
    this.#draining.delete(entry)
    this.#change(entry, 'gone', why)
    for (const other of this.#entries) other.after.delete(entry)
    this.#beginWhatCan()
    this.#listener.gone(entry, why, failure)
  }

  #measured(entry: RunnerEntry, bytes: Reservation['bytes']): void {
    if (entry.state === 'idle') return
    const estimated = entry.spec.placement.bytes
    entry.reservation.correct(bytes)
    this.#learned.learn(
      learnedName(entry.purpose, entry.spec.revision),
      entry.settings,
      entry.spec.placement,
      bytes,
    )
    this.#log.emit({ type: 'measured', ...this.#of(entry), estimated, bytes })
    this.#relieve()
    this.#listener.roomier()
  }

  /** Where more is taken than there is, idle runners leave until it is not so. */
  #relieve(): void {
    for (const { entry, why } of relief(this.#budget.usage(), this.#entries, this.#eviction)) {
      this.evict(entry, why)
    }
  }

  /** One timer a runner: it looks again at the moment at which the oldest sign of life grows too old. */
  #watch(entry: RunnerEntry): void {
    const { loadStallMs, runStallMs } = this.#settings
    const now = this.#clock.now()
    if (entry.state === 'loading') {
      if (now - entry.lastSign >= loadStallMs) {
        this.kill(entry, `the load gave no sign of life for ${seconds(loadStallMs)}`)
        return
      }
      this.#timer(
        entry,
        this.#clock.at(entry.lastSign + loadStallMs, () => this.#watch(entry)),
      )
      return
    }
    if (entry.state !== 'busy') return
    let oldest = now
    for (const job of entry.jobs.values()) {
      if (now - job.lastSign < runStallMs) oldest = Math.min(oldest, job.lastSign)
      else if (job.doom === null && this.#stalled(entry, job) === 'runner killed') return
    }
    this.#timer(
      entry,
      this.#clock.at(oldest + runStallMs, () => this.#watch(entry)),
    )
  }

  /** Our own engine is killed with the job that is stuck in it; a foreign one only loses the job, for its other jobs may be well. */
  #stalled(entry: RunnerEntry, job: RunningJob): 'runner killed' | 'job cancelled' {
    const why = `a job made no progress for ${seconds(this.#settings.runStallMs)}`
    if (!isForeign(entry)) {
      this.kill(entry, why)
      return 'runner killed'
    }
    job.doom = why
    job.run.cancel()
    return 'job cancelled'
  }

  #timer(entry: RunnerEntry, timer: Disposable | null): void {
    entry.timer?.[Symbol.dispose]()
    entry.timer = timer
  }

  /** The only place where a runner changes its state. */
  #change(entry: RunnerEntry, event: RunnerEvent, why: string): void {
    const from = entry.state
    const to = tryNext(from, event)
    if (to === undefined)
      throw new Error(`Runner ${entry.id} of ${entry.model} cannot take '${event}' in '${from}'`)
    entry.state = to
    entry.why = why
    if (from === to) return
    entry.since = this.#clock.now()
    const placement = to === 'loading' ? { placement: entry.spec.placement } : {}
    this.#log.emit({ type: 'state', ...this.#of(entry), from, to, why, ...placement })
    if (usesCores(entry)) this.#share()
  }

  #share(): void {
    for (const [entry, threads] of shareCores(this.#entries, this.#settings.cores)) {
      if (entry.threads === threads) continue
      entry.threads = threads
      if (entry.state === 'ready' || entry.state === 'busy') entry.runner?.setThreads(threads)
    }
  }

  #of(entry: RunnerEntry) {
    return { runner: entry.id, model: entry.model, purpose: entry.purpose }
  }
}
