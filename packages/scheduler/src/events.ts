import type { Bytes, DeviceBytes, Placement, Tokens } from '@berth/budget'
import type { LoadProgress, ModelId, Purpose, RunProgress } from './backend.js'
import type { SchedulerErrorCode } from './errors.js'
import type { FinishReason, Metrics } from './piece.js'
import type { RequestClass, RequestId } from './request.js'
import type { RunnerState } from './runner-state.js'

/** Names one life of one runner; a model that is loaded again has a new one. */
export type RunnerId = string

interface OfRequest {
  readonly request: RequestId
  readonly model: ModelId
}

interface OfRunner {
  readonly runner: RunnerId
  readonly model: ModelId
  readonly purpose: Purpose
}

/** Everything that happens, from one place. `why` is for people to read. */
export type SchedulerEventBody =
  | (OfRequest & {
      readonly type: 'queued'
      readonly purpose: Purpose
      readonly class: RequestClass
      readonly client: string
      /** Place in line, from 1. */
      readonly position: number
      readonly waiting: number
      /** What it wants, where it says so: the most tokens of an answer, the context, how long the model stays. */
      readonly maxTokens?: Tokens
      readonly contextLength?: Tokens
      readonly keepAliveMs?: number
    })
  /** Said again only when the reason changes. */
  | (OfRequest & { readonly type: 'waiting'; readonly why: string })
  | (OfRequest & {
      readonly type: 'running'
      readonly runner: RunnerId
      readonly waitedMs: number
      readonly why: string
      /** It had begun before and was set aside; its text goes on where it stopped. */
      readonly resumed?: true
    })
  /** Gave its slot to another request and waits again, with what it has computed set aside. */
  | (OfRequest & {
      readonly type: 'preempted'
      readonly runner: RunnerId
      /** The request for whose sake. */
      readonly by: RequestId
      /** Tokens, of prompt and answer, that are kept. */
      readonly tokens: Tokens
      readonly bytes: Bytes
      readonly why: string
    })
  /** Has another class from now on; one that waits moves to its place there. */
  | (OfRequest & { readonly type: 'reclassed'; readonly class: RequestClass; readonly why: string })
  | (OfRequest & { readonly type: 'progress'; readonly runner: RunnerId; readonly progress: RunProgress })
  /** Goes back to its place in line after its runner was lost before the first byte. */
  | (OfRequest & { readonly type: 'retried'; readonly why: string })
  | (OfRequest & {
      readonly type: 'finished'
      readonly runner: RunnerId | null
      readonly reason: FinishReason | 'load'
      readonly metrics: Metrics | null
    })
  | (OfRequest & { readonly type: 'cancelled'; readonly why: string })
  | (OfRequest & { readonly type: 'refused'; readonly code: SchedulerErrorCode; readonly why: string })
  /** Failed after it was granted. */
  | (OfRequest & { readonly type: 'failed'; readonly runner: RunnerId | null; readonly why: string })
  /** The only event by which a runner changes its state. */
  | (OfRunner & {
      readonly type: 'state'
      readonly from: RunnerState
      readonly to: RunnerState
      readonly why: string
      /** At `loading`: where it goes and what is reserved there. */
      readonly placement?: Placement
    })
  | (OfRunner & { readonly type: 'loading'; readonly progress: LoadProgress })
  | (OfRunner & {
      readonly type: 'measured'
      readonly estimated: readonly DeviceBytes[]
      readonly bytes: readonly DeviceBytes[]
    })
  | (OfRunner & { readonly type: 'draining'; readonly why: string })
  /** Asked to leave for another's sake, or because its keep-alive ran out; `unloading` follows. */
  | (OfRunner & { readonly type: 'evicted'; readonly why: string; readonly frees: Bytes })
  | (OfRunner & { readonly type: 'pinned'; readonly pinned: boolean })
  /** Gone without being asked, or killed by the watchdog. */
  | (OfRunner & { readonly type: 'lost'; readonly why: string })
  | (OfRunner & { readonly type: 'load-failed'; readonly why: string })

/** An event, numbered from 1 without gaps, with the clock's milliseconds. */
export type SchedulerEvent = { readonly seq: number; readonly at: number } & SchedulerEventBody
