import type { Tokens } from '@berth/budget'
import type { RunnerAbilities } from './backend.js'
import type { RequestClass, RequestId } from './request.js'
import type { RequestRecord } from './request-record.js'
import type { SchedulerSettings } from './settings.js'

/** What choosing who gives way may know of a job in a slot. Times are clock milliseconds. */
export interface JobView {
  readonly record: {
    readonly id: RequestId
    readonly class: RequestClass
    readonly state: RequestRecord['state']
    readonly preemption: PreemptionRecord | null
  }
  readonly since: number
  /** Tokens of prompt and answer so far, as far as they were told. */
  readonly computed: Tokens
  /** Since when it has computed what it had not before; null until then. */
  readonly gainsSince: number | null
  /** Whether setting it aside has been asked for, or refused. */
  readonly parking: 'no' | 'asked' | 'refused'
}

/** How a job fared with giving way. Milliseconds. */
export interface PreemptionRecord {
  readonly times: number
  /** All the time that it was set aside. */
  readonly asideMs: number
  /** All the time in a slot in which it got further than it had been. */
  readonly gainedMs: number
}

/** A runner, as far as its jobs may give way. */
export interface PreemptableRunner {
  readonly jobs: ReadonlyMap<unknown, JobView>
  readonly runner: { readonly can: RunnerAbilities } | null
}

export interface PreemptionView {
  readonly settings: SchedulerSettings
  readonly now: number
  readonly request: { readonly id: RequestId; readonly class: RequestClass }
  readonly hasJob: boolean
}

/**
 * Whether a request may have others give way to it: interactive work only. To normal work, the class of whoever
 * names none, batch work does not give way: setting aside costs, and is worth it where somebody looks on. With
 * the policy `fifo`, which knows no classes, nobody does.
 */
function preempts({ settings, request, hasJob }: Omit<PreemptionView, 'now'>): boolean {
  return settings.preempt && settings.policy !== 'fifo' && request.class === 'interactive' && hasJob
}

/**
 * Who of a runner's jobs gives its slot away: of those that may, the one that has computed the fewest tokens,
 * then the last to start. `coming`: a slot comes free anyway, of a job that is being set aside or was cancelled.
 */
export function chooseVictim(
  view: PreemptionView,
  runner: PreemptableRunner,
): { readonly victim: JobView } | { readonly coming: RequestId; readonly cancelled: boolean } | null {
  if (!preempts(view)) return null
  const jobs = [...runner.jobs.values()]
  const coming = jobs.find(isComing)
  if (coming !== undefined) return { coming: coming.record.id, cancelled: coming.record.state === 'over' }
  const [victim] = jobs
    .filter((job) => mayGiveWay(view, runner, job))
    .toSorted((a, b) => a.computed - b.computed || b.since - a.since)
  return victim === undefined ? null : { victim }
}

/** Whether all that a busy runner does may give way, so that its model's memory comes free. */
export function allGiveWay(view: PreemptionView, runner: PreemptableRunner): boolean {
  if (runner.jobs.size === 0 || !preempts(view)) return false
  for (const job of runner.jobs.values()) if (!isComing(job) && !mayGiveWay(view, runner, job)) return false
  return true
}

/** Those of a runner's jobs that are to be set aside for it to leave. */
export function yetToPark(runner: PreemptableRunner): readonly RequestId[] {
  return [...runner.jobs.values()].filter((job) => !isComing(job)).map((job) => job.record.id)
}

/** The next moment at which a job may give way again that must not now; Infinity where time alone brings none. */
export function giveWayAt(view: PreemptionView, runners: Iterable<PreemptableRunner>): number {
  let next = Infinity
  if (!preempts(view)) return next
  for (const runner of runners) {
    for (const job of runner.jobs.values()) {
      const at = allowedAt(view, runner, job)
      if (at > view.now && at < next) next = at
    }
  }
  return next
}

function isComing(job: JobView): boolean {
  return job.parking === 'asked' || job.record.state === 'over'
}

/**
 * No starvation: a job gives way only while it has been set aside for no longer than its class's delay plus the
 * time in which it got further; from its first minute on it so has at least half of the time, however many come.
 * Computing again what it had does not count as getting further.
 */
function mayGiveWay(view: PreemptionView, runner: PreemptableRunner, job: JobView): boolean {
  return allowedAt(view, runner, job) <= view.now
}

/** From when on a job may give way; Infinity for one that cannot, or must first get further than it had been. */
function allowedAt({ settings, now }: PreemptionView, { runner }: PreemptableRunner, job: JobView): number {
  if (job.record.class !== 'batch' || job.parking !== 'no') return Infinity
  if (runner === null || runner.can.park === 'none') return Infinity
  const { asideMs, gainedMs } = job.record.preemption ?? { asideMs: 0, gainedMs: 0 }
  const owed = asideMs - settings.classDelayMs.batch - gainedMs
  return owed <= 0 ? now : job.gainsSince === null ? Infinity : job.gainsSince + owed
}
