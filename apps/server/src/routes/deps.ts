import type { ClientLimits, Scheduler } from '@berth/scheduler'
import type { ModelSource, Preloads } from '../generate/index.js'
import type { Library } from '../library/index.js'
import type { Correlation, Metrics } from '../observe/index.js'

/** What the routes work with. */
export interface RouteDeps {
  readonly scheduler: Pick<
    Scheduler,
    'submit' | 'on' | 'snapshot' | 'unload' | 'pin' | 'pins' | 'request' | 'cancel' | 'reclass' | 'facts'
  >
  readonly models: ModelSource
  readonly library: Pick<Library, 'pull' | 'create' | 'copy' | 'delete' | 'uploads'>
  readonly preloads: Pick<Preloads, 'add' | 'list'>
  readonly correlation: Correlation
  readonly metrics: Metrics
  /** Of clients whose key says nothing of them. */
  readonly clientLimits: ClientLimits
  /** Tokens of context that a model is loaded with where nobody says more. */
  readonly contextLength: number
  /** Bytes. */
  readonly bodyLimit: number
  readonly version: string
  /** Raised when the server stops: what would never end by itself ends then. */
  readonly stopping: AbortSignal
  /** How to get a model where there is none, in a sentence. */
  readonly firstModel: () => string
}
