import type { Parked, RunEnd, RunProgress } from './backend.js'
import type { Clock } from './clock.js'
import { deferred } from './deferred.js'
import { asBackendError, BackendError, SchedulerError, type BackendErrorCode } from './errors.js'
import type { EventLog } from './event-log.js'
import type { ParkedJob } from './parked-job.js'
import { Parking, type ParkingParts } from './parking.js'
import { newReading } from './reading.js'
import type { RequestId } from './request.js'
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
  /** How far a job is. */
  progressed(record: RequestRecord, progress: RunProgress): void
  /** A request has its slot no longer, which it had for so many milliseconds. @param end null: it had no job, and took none. */
  ended(record: RequestRecord, end: RunEnd | null, slotMs: number): void
  /** A slot is free; the runner may be on its way out. */
  slotFree(entry: RunnerEntry): void
  /** A job gave its slot away for the sake of this request, which may be over or served by now. */
  gaveWay(entry: RunnerEntry, to: RequestId): void
  /** The request is to be put in line again. */
  again(record: RequestRecord): void
  /** A job may give its slot away from now on or in a while, or will not: whoever wants it looks again. */
  mayGiveWay(entry: RunnerEntry): void
  /** Memory may have come free. */
  roomier(): void
  /** A foreign engine failed a job in a way in which another one may not. */
  doubtful(entry: RunnerEntry, why: string): void
}

/** Jobs in slots, from their start to the slot's return, and what a lost runner means for them. */
export class Jobs {
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #pool: RunnerPool
  readonly #listener: JobsListener
  readonly #parking: Parking
  #stopping = false

  constructor(options: ParkingParts & { pool: RunnerPool; listener: JobsListener }) {
    this.#parking = new Parking(options, () => options.listener.roomier())
    this.#clock = options.clock
    this.#log = options.log
    this.#pool = options.pool
    this.#listener = options.listener
  }

  /** Gives a request, out of line already, what it waited for: a slot, or where it has no job, the loaded model. */
  start(entry: RunnerEntry, record: RequestRecord, why: string): void {
    const now = this.#clock.now()
    const { job } = record.request
    const grant = { spec: entry.spec, waitedMs: now - record.waitsSince }
    if (job === undefined || entry.runner === null) {
      record.state = 'over'
      this.#listener.ended(record, null, 0)
      this.#log.emit({
        type: 'finished',
        ...ofRequest(record),
        runner: entry.id,
        reason: 'load',
        metrics: null,
      })
      record.granted.resolve(grant)
      record.coming.resolve(null)
      return
    }
    const { waitedMs } = grant
    const resumed = record.parked === null ? {} : { resumed: true as const }
    this.#log.emit({ type: 'running', ...ofRequest(record), runner: entry.id, waitedMs, why, ...resumed })
    this.#pool.engage(entry, why)
    const from = this.#parking.take(record)
    const run = entry.runner.start(job, from?.parked)
    const running: RunningJob = {
      record,
      run,
      since: now,
      lastSign: now,
      progress: from?.kept.progress ?? null,
      computed: from?.kept.computed ?? 0,
      gainsSince: from === null ? now : null,
      parking: job.kind === 'embed' ? 'refused' : 'no',
      asked: null,
      doom: null,
    }
    this.#pool.occupy(entry, running)
    run.onProgress((progress) => {
      running.lastSign = this.#clock.now()
      const gained = follow(running, progress, from?.kept ?? null)
      this.#listener.progressed(record, progress)
      this.#log.emit({ type: 'progress', ...ofRequest(record), runner: entry.id, progress })
      if (gained) this.#listener.mayGiveWay(entry)
    })
    void run.slotFree.then((end) => this.#over(entry, running, end))
    record.reading = newReading(run, record.making)
    record.granted.resolve(grant)
    record.coming.resolve(record.reading)
  }

  /** From now on nothing is tried again. */
  stopRetrying(): void {
    this.#stopping = true
  }

  /** Has a job give its slot away for another request's sake. */
  preempt(entry: RunnerEntry, request: RequestId, by: RequestRecord, why: string): void {
    const running = entry.jobs.get(request)
    if (running === undefined) return
    this.#parking.ask(running, by, why, () => this.#listener.mayGiveWay(entry))
  }

  /** Gives back what is kept of a request that is over. */
  discard(record: RequestRecord): void {
    this.#parking.discard(record)
  }

  /** Lets a request that was set aside, and of which nothing was read, begin from its beginning. */
  beginAnew(record: RequestRecord): void {
    this.#parking.discard(record)
    record.making.void = true
    record.making = { void: false }
  }

  /** Somebody waits for memory: jobs that were set aside keep none. */
  makeRoom(): void {
    this.#parking.makeRoom()
  }

  /** What became of a runner's jobs that have not told their own end, now that it is gone. */
  lose(entry: RunnerEntry, why: string): void {
    for (const running of Array.from(entry.jobs.values())) {
      this.#over(entry, running, { how: 'failed', error: new BackendError('lost', why) })
    }
    this.#parking.gone(entry)
  }

  /** Whether a request that lost its runner, or its load, may be tried once more; counts the loss. */
  mayTryAgain(entry: RunnerEntry, record: RequestRecord, error: BackendError): boolean {
    const foreign = isForeign(entry)
    // A connection that was cut may be made again; what an engine refused it would refuse once more.
    if (foreign && error.code !== 'lost') {
      const passing = ANOTHER_MAY.has(error.code)
      if (passing) record.refusedBy = [...record.refusedBy, { backend: entry.backend, error }]
      // Bounded without being counted: an engine that has refused is not asked again.
      return passing && !this.#stopping && !isRead(record)
    }
    record.attempts += 1
    const passing = error.code === 'lost' || (!foreign && error.code === 'out-of-memory')
    return passing && !this.#stopping && !isRead(record) && record.attempts < ATTEMPTS
  }

  #over(entry: RunnerEntry, running: RunningJob, end: RunEnd): void {
    const { record } = running
    if (entry.jobs.get(record.id) !== running) return
    if (end.how === 'parked' && running.asked !== null) {
      const lost = (error: unknown) =>
        this.#over(entry, running, { how: 'failed', error: asBackendError(error) })
      running.asked.parked.then((parked) => this.#parked(entry, running, parked, end), lost)
      return
    }
    this.#pool.vacate(entry, record.id)
    this.#listener.ended(record, end, this.#clock.now() - running.since)
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

  /** The slot is free, and what was computed is here. */
  #parked(entry: RunnerEntry, running: RunningJob, parked: Parked, end: RunEnd & { how: 'parked' }): void {
    const { record } = running
    const isStill = entry.jobs.get(record.id) === running
    if (isStill) {
      this.#pool.vacate(entry, record.id)
      this.#listener.ended(record, end, this.#clock.now() - running.since)
    }
    if (!isStill || record.state !== 'running' || this.#stopping) {
      parked.dispose().catch(() => undefined)
      if (isStill && record.state === 'running') {
        this.#fail(entry, record, new SchedulerError('shutting-down', 'the server is shutting down'))
      }
      if (isStill) this.#listener.slotFree(entry)
      return
    }
    this.#parking.setAside(entry, running, parked, end)
    // First whoever it gave way to, whatever the order; and the line before itself, or it might be given its own slot back.
    if (running.asked !== null) this.#listener.gaveWay(entry, running.asked.by)
    this.#listener.slotFree(entry)
    if (record.state !== 'running') return
    this.#listener.again(record)
    this.#listener.slotFree(entry)
  }

  #conclude(entry: RunnerEntry, { record, doom }: RunningJob, end: RunEnd): void {
    switch (end.how) {
      case 'finished': {
        record.state = 'over'
        const { reason, metrics } = end
        this.#log.emit({ type: 'finished', ...ofRequest(record), runner: entry.id, reason, metrics })
        record.reading?.next.resolve(null)
        return
      }
      case 'cancelled': {
        if (doom !== null) return this.#retryOrFail(entry, record, new BackendError('lost', doom))
        record.state = 'over'
        const why = 'cancelled by its reader'
        this.#log.emit({ type: 'cancelled', ...ofRequest(record), why })
        record.reading?.next.reject(new SchedulerError('cancelled', why))
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
    const { reading } = record
    record.making.void = true
    record.making = { void: false }
    record.coming = deferred()
    this.#log.emit({ type: 'retried', ...ofRequest(record), why: `${label(entry)} was lost: ${cause}` })
    this.#listener.again(record)
    reading?.next.resolve(record.coming)
  }

  #fail(entry: RunnerEntry, record: RequestRecord, error: BackendError | SchedulerError): void {
    record.state = 'over'
    this.#log.emit({ type: 'failed', ...ofRequest(record), runner: entry.id, why: error.message })
    record.reading?.next.reject(error)
  }
}

/** Whether its reader has had a part that a new try would say again; what was set aside goes on behind that part. */
function isRead(record: RequestRecord): boolean {
  return record.delivered && record.parked === null
}

/** Takes a sign of progress in. Says whether it is the first that goes beyond what was there before. */
function follow(running: RunningJob, progress: RunProgress, before: ParkedJob | null): boolean {
  running.progress = progress
  if (progress.phase === 'waiting') return false
  const prompt = running.record.request.promptTokens ?? 0
  const computed = progress.phase === 'prompt' ? progress.tokens : prompt + progress.tokens
  running.computed = Math.max(running.computed, computed)
  if (running.gainsSince !== null || before === null) return false
  const gains =
    progress.phase === 'decode'
      ? progress.tokens > before.decoded
      : before.decoded === 0 && progress.tokens > before.computed
  if (gains) running.gainsSince = running.lastSign
  return gains
}
