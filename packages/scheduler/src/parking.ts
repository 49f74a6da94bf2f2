import { formatBytes, type MemoryBudget, type Reservation } from '@berth/budget'
import type { Parked, RunEnd } from './backend.js'
import type { Clock } from './clock.js'
import { deferred } from './deferred.js'
import type { EventLog } from './event-log.js'
import { ParkedJob } from './parked-job.js'
import { ofRequest, type RequestRecord } from './request-record.js'
import { label, type RunnerEntry, type RunningJob } from './runner-entry.js'
import type { SchedulerSettings } from './settings.js'

export interface ParkingParts {
  readonly clock: Clock
  readonly log: EventLog
  readonly budget: MemoryBudget
  readonly settings: SchedulerSettings
}

/** Jobs that give their slots away: what is kept of them, and the memory reserved for that. */
export class Parking {
  readonly #parts: ParkingParts
  /** Memory may have come free. */
  readonly #roomier: () => void
  /** All that is kept, of requests that wait. */
  readonly #kept = new Set<ParkedJob>()

  constructor(parts: ParkingParts, roomier: () => void) {
    this.#parts = parts
    this.#roomier = roomier
  }

  /**
   * Has a job give its slot away for another request's sake. What it computed comes with its run's end.
   * @param refused called when it cannot be set aside, and goes on or has ended otherwise; it is not asked again.
   */
  ask(running: RunningJob, by: RequestRecord, why: string, refused: () => void): void {
    running.parking = 'asked'
    const parked = running.run.park()
    running.asked = { by: by.id, why, parked }
    parked.catch(() => {
      running.parking = 'refused'
      refused()
    })
  }

  /** Keeps what a run, out of its slot by now, leaves behind; its request is to be put in line again. */
  setAside(entry: RunnerEntry, running: RunningJob, parked: Parked, end: RunEnd & { how: 'parked' }): void {
    const { record } = running
    const { clock, log, settings } = this.#parts
    const now = clock.now()
    const kept = new ParkedJob({
      parked,
      owner: entry,
      progress: running.progress,
      decoded: end.metrics.decodedTokens,
      computed: Math.max(parked.tokens, running.computed),
      reservation: this.#reserve(entry, parked),
      released: this.#roomier,
    })
    this.#kept.add(kept)
    record.parked = kept
    const before = record.preemption ?? { times: 0, asideMs: 0, gainedMs: 0 }
    const gained = running.gainsSince === null ? 0 : now - running.gainsSince
    record.preemption = { ...before, times: before.times + 1, gainedMs: before.gainedMs + gained }
    record.waitsSince = now
    record.key = now + settings.classDelayMs[record.class]
    // Its reader finishes what was said, and goes on with what the next run says.
    record.coming = deferred()
    record.reading?.next.resolve(record.coming)
    const by = running.asked?.by ?? ''
    const what =
      kept.bytes > 0 ? `${kept.tokens} tokens (${formatBytes(kept.bytes)}) are kept` : 'computes again'
    const why = `${running.asked?.why ?? 'gave its slot away'}; ${what}`
    record.why = `set aside for ${by}`
    const { tokens, bytes } = kept
    log.emit({ type: 'preempted', ...ofRequest(record), runner: entry.id, by, tokens, bytes, why })
  }

  /** What a request that starts goes on with, if it was set aside. */
  take(record: RequestRecord): { readonly parked: Parked; readonly kept: ParkedJob } | null {
    const kept = record.parked
    if (kept === null) return null
    const now = this.#parts.clock.now()
    const before = record.preemption ?? { times: 0, asideMs: 0, gainedMs: 0 }
    record.preemption = { ...before, asideMs: before.asideMs + now - record.waitsSince }
    record.parked = null
    this.#kept.delete(kept)
    return { parked: kept.take(), kept }
  }

  /** For a request that is over, or begins anew. */
  discard(record: RequestRecord): void {
    const kept = record.parked
    if (kept === null) return
    record.parked = null
    this.#kept.delete(kept)
    kept.dispose()
  }

  /** A runner is gone, and with it what it had kept. */
  gone(entry: RunnerEntry): void {
    for (const kept of this.#kept) if (kept.owner === entry) kept.ownerGone()
  }

  /** Somebody waits for memory: what is kept can be computed again. */
  makeRoom(): void {
    for (const kept of this.#kept) kept.forget()
  }

  /** Memory for what is kept. Null where there is none, or its runner is on its way out: it is computed again then. */
  #reserve(entry: RunnerEntry, parked: Parked): Reservation | null {
    const leaves = entry.state === 'unloading' || entry.state === 'idle' || entry.drain?.end === 'unload'
    if (leaves) return null
    const claim = this.#parts.budget.claim(parked.bytes, `set aside of ${label(entry)}`)
    return claim.kind === 'shortage' ? null : claim
  }
}
