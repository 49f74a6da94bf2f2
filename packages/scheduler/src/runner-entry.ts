import type { Bytes, MemoryProfile, MemorySettings, Reservation, Tokens } from '@berth/budget'
import type {
  Backend,
  LoadProgress,
  LoadSpec,
  ModelId,
  Parked,
  Purpose,
  Run,
  Runner,
  RunnerAbilities,
  RunProgress,
} from './backend.js'
import type { RunnerId } from './events.js'
import type { Line } from './line.js'
import type { JobView } from './preempt.js'
import type { RequestId } from './request.js'
import type { RequestRecord } from './request-record.js'
import type { RunnerState } from './runner-state.js'
import type { Abort } from './signal.js'

/** What deciding may know of a runner. */
export interface RunnerView {
  readonly id: RunnerId
  readonly model: ModelId
  readonly purpose: Purpose
  readonly spec: LoadSpec
  readonly state: RunnerState
  /** Jobs in its slots. */
  readonly jobs: ReadonlyMap<unknown, JobView>
  /** Null until its load is done. */
  readonly runner: { readonly can: RunnerAbilities } | null
  /** Set while it takes no new job: until it has left, or (`rest`) until its last job is done. */
  readonly drain: Drain | null
  readonly pinned: boolean
  /** Clock milliseconds of the last moment at which a job began or ended. */
  readonly lastUsed: number
  /** Clock milliseconds of the last moment at which it had no job. */
  readonly lastIdle: number
  readonly progress: LoadProgress | null
  /** Whether its backend has been asked to load it; before that it waits for its memory. */
  readonly begun: boolean
  /** Runners whose place it takes: its load begins when they are gone. */
  readonly after: ReadonlySet<RunnerView>
  readonly reservation: Reservation
  /** Of the requests that waited at its load, how many it has not served yet: nobody has it leave before, until `owesUntil`. */
  readonly owed: number
  readonly owesUntil: number
}

export interface Drain {
  readonly why: string
  readonly end: 'unload' | 'rest'
  /** The load or the request for whose sake it drains; with that called off, the drain is called off. Null: nobody's. */
  readonly sake: string | null
}

/** A job in a slot. */
export interface RunningJob extends JobView {
  readonly record: RequestRecord
  readonly run: Run
  readonly since: number
  /** When it last gave a sign of life. */
  lastSign: number
  progress: RunProgress | null
  computed: Tokens
  gainsSince: number | null
  parking: JobView['parking']
  /** For whose sake, and why, it was asked to give its slot away. */
  asked: { readonly by: RequestId; readonly why: string; readonly parked: Promise<Parked> } | null
  /** Why the scheduler itself ended it, for its error. */
  doom: string | null
}

/** One life of one runner, from the decision to load it to its confirmed end. Only the pool changes it. */
export interface RunnerEntry extends RunnerView {
  /** The requests that it serves, unless it is on its way out. */
  readonly line: Line
  readonly backend: Backend
  readonly profile: MemoryProfile
  readonly settings: MemorySettings
  readonly after: Set<RunnerEntry>
  readonly abort: Abort
  readonly jobs: Map<string, RunningJob>
  state: RunnerState
  /** Why it is in this state. */
  why: string
  since: number
  drain: Drain | null
  pinned: boolean
  lastUsed: number
  lastIdle: number
  progress: LoadProgress | null
  runner: Runner | null
  begun: boolean
  owed: number
  owesUntil: number
  /** When it has begun to load. */
  begunAt: number
  keepAliveMs: number
  /** Whether a request gave it its keep-alive. */
  keepAliveGiven: boolean
  threads: number
  /** When its load last gave a sign of life. */
  lastSign: number
  /** Why it was killed, for the errors of its jobs. */
  doom: string | null
  /** The one timer it has: watchdog while loading or busy, keep-alive while ready. */
  timer: Disposable | null
}

/** Its share of memory, over all devices. */
export function totalBytes(runner: RunnerView): Bytes {
  return runner.reservation.bytes.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Whether its memory is ours at all; a remote engine's is not, and it is never evicted. */
export function isForeign(runner: RunnerView): boolean {
  return runner.spec.placement.kind === 'foreign'
}

/** Whether requests for its model wait. */
export function isWanted({ line }: RunnerEntry): boolean {
  return line.waiting.size > 0
}

/** Whether it has yet to serve those that it was loaded for. */
export function owes(runner: RunnerView, now: number): boolean {
  return runner.owed > 0 && now < runner.owesUntil
}

/** Whether it computes on the CPU's cores, so that they must be shared with it. */
export function usesCores(runner: RunnerView): boolean {
  const { kind } = runner.spec.placement
  return kind === 'cpu' || kind === 'hybrid'
}

/** "qwen3:4b", or "qwen3:4b (embed)". */
export function label(runner: { readonly model: ModelId; readonly purpose: Purpose }): string {
  return runner.purpose === 'embed' ? `${runner.model} (embed)` : runner.model
}
