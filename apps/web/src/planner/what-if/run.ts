import type { Bytes, DeviceId } from '@berth/budget'
import type { RequestClass, RequestId, RunnerState, SchedulerSettings } from '@berth/scheduler'
import type { MachineModel, SimulationReport, TraceLine } from '@berth/scheduler/simulation'

/** What the worker is asked: a trace, as lines or as the text of a file, through a scheduler on a machine. */
export interface RunOrder {
  readonly trace: readonly TraceLine[] | string
  readonly machine: MachineModel
  readonly settings: Partial<SchedulerSettings>
  /** Evicts what is wanted again last, which only who knows the trace can. */
  readonly oracle: boolean
}

/** What came of it. Plain data. */
export interface Run {
  readonly report: SimulationReport
  /** In the order of time, no two of one time. */
  readonly moments: readonly Moment[]
  /** There were more moments than these. */
  readonly cut: boolean
  readonly lanes: readonly Lane[]
  /** Milliseconds from the first request to where the run ended. */
  readonly endsAt: number
}

export type RunAnswer =
  { readonly kind: 'done'; readonly run: Run } | { readonly kind: 'failed'; readonly why: string }

/** Everything that was decided at one time, and how things stand right after it. */
export interface Moment {
  readonly at: number
  readonly decisions: readonly Decision[]
  readonly runners: readonly RunnerThen[]
  readonly devices: readonly DeviceThen[]
  /** In the order in which they would be served. */
  readonly queue: readonly WaitingThen[]
  /** How many wait beyond those. */
  readonly moreWaiting: number
}

export type Action =
  | 'asks'
  | 'load'
  | 'ready'
  | 'infer'
  | 'reuse'
  | 'resume'
  | 'preempt'
  | 'drain'
  | 'evict'
  | 'unload'
  | 'done'
  | 'refuse'
  | 'fail'

export interface Decision {
  readonly action: Action
  readonly model: string
  /** Whom it is about: a client, where it is about a request. */
  readonly who: string | null
  /** In the scheduler's words. */
  readonly why: string
}

export interface RunnerThen {
  readonly model: string
  readonly state: RunnerState
  readonly why: string
  readonly draining: boolean
  readonly bytes: readonly { readonly device: DeviceId; readonly bytes: Bytes }[]
  readonly running: readonly { readonly request: RequestId; readonly client: string }[]
  readonly slots: number
}

export interface DeviceThen {
  readonly id: DeviceId
  readonly name: string
  readonly capacity: Bytes
  readonly reserved: Bytes
}

export interface WaitingThen {
  readonly request: RequestId
  readonly model: string
  readonly client: string
  readonly class: RequestClass
  readonly why: string
  /** Milliseconds so far. */
  readonly waited: number
}

/** What one model did, one stretch after another; between them it is not loaded. */
export interface Lane {
  readonly model: string
  readonly stretches: readonly Stretch[]
}

export interface Stretch {
  readonly state: Exclude<RunnerState, 'idle'>
  readonly from: number
  readonly to: number
}
