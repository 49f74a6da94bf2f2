import type { Bytes, DeviceBytes, DeviceUsage, Tokens } from '@berth/budget'
import type { LoadProgress, LoadSpec, ModelId, Purpose, RunProgress } from './backend.js'
import type { RunnerId } from './events.js'
import type { RequestClass, RequestId } from './request.js'
import type { RunnerState } from './runner-state.js'
import type { PolicyName } from './settings.js'

/** Everything there is to see at one moment; with the events after `seq` it stays true. Plain data. */
export interface Snapshot {
  readonly seq: number
  readonly at: number
  readonly policy: PolicyName
  readonly devices: readonly DeviceUsage[]
  readonly runners: readonly RunnerSnapshot[]
  /** In the order in which they would be served as things are now. */
  readonly queue: readonly WaitingSnapshot[]
}

export interface RunnerSnapshot {
  readonly id: RunnerId
  readonly model: ModelId
  readonly purpose: Purpose
  readonly state: RunnerState
  /** Why it is in this state. */
  readonly why: string
  readonly spec: LoadSpec
  readonly draining: boolean
  readonly pinned: boolean
  readonly backend: string
  readonly bytes: readonly DeviceBytes[]
  readonly totalBytes: Bytes
  readonly threads: number
  readonly loading: LoadProgress | null
  readonly since: number
  /** Clock milliseconds at which its keep-alive ends; null while it is busy or loading, Infinity where it stays. */
  readonly expiresAt: number | null
  readonly keepAliveMs: number
  readonly running: readonly {
    readonly request: RequestId
    readonly class: RequestClass
    readonly client: string
    readonly since: number
    readonly progress: RunProgress | null
  }[]
}

export interface WaitingSnapshot {
  readonly request: RequestId
  readonly model: ModelId
  readonly purpose: Purpose
  readonly class: RequestClass
  readonly client: string
  /** From 1. */
  readonly position: number
  readonly why: string
  readonly since: number
  /** Milliseconds until it is expected to start; null while nothing is known to reckon it from. */
  readonly startsInMs: number | null
  /** What it had computed when it gave its slot away; null where it has not begun. */
  readonly parked: { readonly tokens: Tokens; readonly bytes: Bytes } | null
  /** When it is refused if it still waits. */
  readonly deadline: number
}
