import type { Bytes, DeviceBytes, Placement, Tokens } from '@berth/budget'
import type {
  LoadProgress,
  ModelId,
  Purpose,
  RequestClass,
  RequestId,
  RunnerId,
  RunnerState,
} from '@berth/scheduler'

/** What the page shows of the scheduler. All times are the page's own, milliseconds since 1970; views are replaced, never changed. */

export interface RunnerView {
  readonly id: RunnerId
  readonly model: ModelId
  readonly purpose: Purpose
  readonly state: RunnerState
  /** Why it is in this state: the reason of its last transition. */
  readonly why: string
  /** When it came into this state. */
  readonly since: number
  /** When its load began; what asked before that had to wait for it. */
  readonly began: number
  readonly draining: boolean
  readonly pinned: boolean
  readonly bytes: readonly DeviceBytes[]
  /** Whether `bytes` is what the engine has measured; else what was reserved for it. */
  readonly measured: boolean
  readonly placement: Placement | null
  readonly loading: LoadProgress | null
  readonly jobs: readonly JobView[]
  /** What only a snapshot tells; null until one has. */
  readonly facts: RunnerFacts | null
}

export interface RunnerFacts {
  readonly backend: string
  readonly slots: number
  /** Tokens a slot; 0 where nobody tells. */
  readonly contextLength: Tokens
  readonly threads: number
  /** When its keep-alive ends; null while it is busy or loading, Infinity where it stays. */
  readonly expiresAt: number | null
}

/** A request in its slot. */
export interface JobView {
  readonly request: RequestId
  readonly class: RequestClass
  readonly client: string
  /** From 0. */
  readonly slot: number
  readonly since: number
  readonly phase: 'waiting' | 'prompt' | 'decode'
  /** Of the prompt, or of the answer. */
  readonly tokens: Tokens
  /** The prompt's length; 0 where it is not known. */
  readonly of: Tokens
  /** How much of the prompt was told of. */
  readonly promptTokens: Tokens
}

/** A request that waits. */
export interface WaitView {
  readonly request: RequestId
  readonly model: ModelId
  readonly class: RequestClass
  readonly client: string
  readonly why: string
  readonly since: number
  /** When it is expected to start; null while nobody can say. */
  readonly startsAt: number | null
  /** What it had computed when it gave its slot away; null where it has not begun. */
  readonly parkedTokens: Tokens | null
}

/** One memory and who has how much of it. */
export interface DeviceView {
  readonly id: string
  readonly name: string
  readonly kind: 'gpu' | 'ram' | 'unified'
  readonly capacity: Bytes
  /** What models may take of it, with all others gone. */
  readonly usable: Bytes
  /** Ours, as the engines have measured it. */
  readonly measured: Bytes
  /** Ours, reserved and not measured (yet). */
  readonly reserved: Bytes
  /** Taken by what is not ours. */
  readonly foreign: Bytes
}
