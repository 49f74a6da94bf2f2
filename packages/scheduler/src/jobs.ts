import type { RunEnd } from './backend.js'
import type { Clock } from './clock.js'
import { deferred } from './deferred.js'
import { BackendError, SchedulerError, type BackendErrorCode } from './errors.js'
import type { EventLog } from './event-log.js'
import { ofRequest, type RequestRecord } from './request-record.js'
import { isForeign, label, type RunnerEntry, type RunningJob } from './runner-entry.js'
import type { RunnerPool } from './runner-pool.js'

/** A request that lost its runner, or its load, this many times is not tried again. */
const ATTEMPTS = 2

/** What another engine that has the same model may well not do. */
const ANOTHER_MAY: ReadonlySet<BackendErrorCode> = new Set([
  'lost',
  'busy',
  'denied',
  'unknown-model',
  'engine',
  'out-of-memory',
])

/** What the jobs tell the scheduler. */
export interface JobsListener {
  /** A slot is free; the runner may be on its way out. */
  slotFree(entry: RunnerEntry): void
  /** The request is to be put in line again. */
  again(record: RequestRecord): void
  /** A foreign engine failed a job in a way in which another one may not. */
  doubtful(entry: RunnerEntry, why: string): void
}

/** Jobs in slots, from their start to the slot's return, and what a lost runner means for them. */
export class Jobs {
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #pool: RunnerPool
  readonly #listener: JobsListener
  #stopping = false

  constructor(options: { clock: Clock; log: EventLog; pool: RunnerPool; listener: JobsListener }) {
    this.#clock = options.clock
    this.#log = options.log
    this.#pool = options.pool
    this.#listener = options.listener
  }

  /** Gives a request, out of line already, what it waited for: a slot, or where it has no job, the loaded model. */
  start(entry: RunnerEntry, record: RequestRecord, why: string): void {
    const now = this.#clock.now()
    const { job } = record.request
    const grant = { spec: entry.spec, waitedMs: now - record.queuedAt }
    if (job === undefined || entry.runner === null) {
      record.state = 'over'
      this.#log.emit({
        type: 'finished',
        ...ofRequest(record),
        runner: entry.id,
        reason: 'load',
        metrics: null,
      })
      record.granted.resolve(grant)
      record.reading.resolve(null)
      return
    }
    this.#log.emit({ type: 'running', ...ofRequest(record), runner: entry.id, waitedMs: grant.waitedMs, why })
    this.#pool.engage(entry, why)
    const run = entry.runner.start(job)
    const running: RunningJob = { record, run, since: now, lastSign: now, progress: null, doom: null }
    this.#pool.occupy(entry, running)
    run.onProgress((progress) => {
      running.lastSign = this.#clock.now()
      running.progress = progress
      this.#log.emit({ type: 'progress', ...ofRequest(record), runner: entry.id, progress })
    })
    void run.slotFree.then((end) => this.#over(entry, running, end))
    record.outcome = deferred()
    record.granted.resolve(grant)
    record.reading.resolve(run)
  }

  /** From now on nothing is tried again. */
  stopRetrying(): void {
    this.#stopping = true
  }

  /** What became of a runner's jobs that have not told their own end, now that it is gone. */
  lose(entry: RunnerEntry, why: string): void {
    for (const running of Array.from(entry.jobs.values())) {
      this.#over(entry, running, { how: 'failed', error: new BackendError('lost', why) })
    }
  }

  /** Whether a request that lost its runner, or its load, may be tried once more; counts the loss. */
  mayTryAgain(entry: RunnerEntry, record: RequestRecord, error: BackendError): boolean {
    const foreign = isForeign(entry)
    // A connection that was cut may be made again; what an engine refused it would refuse once more.
    if (foreign && error.code !== 'lost') {
      const passing = ANOTHER_MAY.has(error.code)
      if (passing) record.refusedBy = [...record.refusedBy, { backend: entry.backend, error }]
      // Bounded without being counted: an engine that has refused is not asked again.
      return passing && !this.#stopping && !record.delivered
    }
    record.attempts += 1
    const passing = error.code === 'lost' || (!foreign && error.code === 'out-of-memory')
    return passing && !this.#stopping && !record.delivered && record.attempts < ATTEMPTS
  }

  #over(entry: RunnerEntry, running: RunningJob, end: RunEnd): void {
    const { record } = running
    if (entry.jobs.get(record.id) !== running) return
    this.#pool.vacate(entry, record.id)
    // Of our own engines, one that lost a job is gone or of no use; its end may be told a little later.
    const lost = end.how === 'failed' && end.error.code === 'lost'
    if (lost && !isForeign(entry)) this.#pool.kill(entry, end.error.message)
    if (end.how === 'failed' && isForeign(entry) && ANOTHER_MAY.has(end.error.code)) {
      this.#listener.doubtful(entry, end.error.message)
    }
    // A request that was cancelled has had its end already; only its slot was still to come back.
    if (record.state === 'running') this.#conclude(entry, running, end)
    this.#listener.slotFree(entry)
  }

  #conclude(entry: RunnerEntry, { record, doom }: RunningJob, end: RunEnd): void {
    switch (end.how) {
      case 'finished': {
        record.state = 'over'
        const { reason, metrics } = end
        this.#log.emit({ type: 'finished', ...ofRequest(record), runner: entry.id, reason, metrics })
        record.outcome?.resolve('over')
        return
      }
      case 'cancelled': {
        if (doom !== null) return this.#retryOrFail(entry, record, new BackendError('lost', doom))
        record.state = 'over'
        const why = 'cancelled by its reader'
        this.#log.emit({ type: 'cancelled', ...ofRequest(record), why })
        record.outcome?.reject(new SchedulerError('cancelled', why))
        return
      }
      case 'parked':
        return this.#fail(entry, record, new BackendError('engine', 'the engine parked a job unasked'))
      case 'failed':
        return this.#retryOrFail(entry, record, end.error)
    }
  }

  #retryOrFail(entry: RunnerEntry, record: RequestRecord, error: BackendError): void {
    const cause = entry.doom ?? error.message
    if (!this.mayTryAgain(entry, record, error)) {
      const told =
        error.code === 'lost'
          ? new SchedulerError('runner-lost', `${label(entry)} was lost: ${cause}`, { cause: error })
          : error
      return this.#fail(entry, record, told)
    }
    const { outcome } = record
    record.reading = deferred()
    this.#log.emit({ type: 'retried', ...ofRequest(record), why: `${label(entry)} was lost: ${cause}` })
    this.#listener.again(record)
    outcome?.resolve('again')
  }

  #fail(entry: RunnerEntry, record: RequestRecord, error: BackendError | SchedulerError): void {
    record.state = 'over'
    this.#log.emit({ type: 'failed', ...ofRequest(record), runner: entry.id, why: error.message })
    record.outcome?.reject(error)
  }
}
