import type { Admission } from './admission.js'
import type { Agenda } from './agenda.js'
import { SchedulerError, type BackendError } from './errors.js'
import type { EventLog } from './event-log.js'
import type { Jobs } from './jobs.js'
import { ofRequest, type RequestRecord } from './request-record.js'
import type { RunnerEntry, RunningJob } from './runner-entry.js'
import type { RunnerPool } from './runner-pool.js'

export interface WithdrawalParts {
  readonly admission: Admission
  readonly log: EventLog
  readonly jobs: Jobs
  readonly pool: RunnerPool
  readonly agenda: Agenda
}

/** How requests end without their answer, and what that calls off. */
export class Withdrawal {
  readonly #parts: WithdrawalParts

  constructor(parts: WithdrawalParts) {
    this.#parts = parts
  }

  /** Ends a waiting request with an error. */
  refuse(record: RequestRecord, error: SchedulerError): void {
    this.#parts.admission.dequeue(record, 'over')
    this.#parts.log.emit({ type: 'refused', ...ofRequest(record), code: error.code, why: error.message })
    this.#withdrawn(record, error)
  }

  /** Ends a request that waits for another try with what its first one ended with. */
  giveUp(record: RequestRecord, error: BackendError | SchedulerError): void {
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
  }

  /** Lets those go on that drain for a load or request that is there no more. */
  callOffDrains(sake: string): void {
    for (const entry of this.#parts.pool.callOffDrains(sake)) {
      entry.line.runner ??= entry
      this.#parts.agenda.touch(entry.line)
    }
  }

  /** So many of those that a runner was loaded for are served; and no more are owed than wait. */
  serves(entry: RunnerEntry, served: number): void {
    if (entry.owed === 0) return
    entry.owed = Math.min(entry.owed - served, entry.line.waiting.size)
    if (entry.owed === 0) this.#parts.agenda.touchShort()
  }

  /** Calls off what was begun for a request that no longer waits. */
  #withdrawn(record: RequestRecord, error: SchedulerError | BackendError): void {
    const { line } = record
    record.granted.reject(error)
    record.coming.reject(error)
    this.#parts.jobs.discard(record)
    this.callOffDrains(record.id)
    this.#parts.agenda.touch(line)
    const { runner } = line
    if (runner !== null) this.serves(runner, 0)
    if (line.waiting.size > 0 || runner?.state !== 'loading' || (runner.pinned && runner.begun)) return
    // First: with this load gone, a line may be given a second runner beside the one that stays after all.
    this.callOffDrains(runner.id)
    this.#parts.pool.evict(runner, 'nobody waits for this load any more')
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
