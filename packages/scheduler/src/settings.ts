import type { KvType, Tokens } from '@berth/budget'
import type { RequestClass } from './request.js'

/** Whose turn it is. `fifo`: by arrival; `fair`: by class, then the client that has had the fewest tokens; `shortest`: the least predicted work. */
export type PolicyName = 'fifo' | 'fair' | 'shortest'

/** Which idle runner leaves first: the least recently used, or the one that is cheapest to bring back for what it frees. */
export type EvictionName = 'lru' | 'cost'

/** What one client may have and do; 0 is no limit. */
export interface ClientLimits {
  /** Requests at a time, waiting and running together. */
  readonly concurrent: number
  readonly requestsPerMinute: number
  /** Prompt and answer together, charged as they are computed. */
  readonly tokensPerMinute: number
}

/** How a scheduler behaves. Times are milliseconds. */
export interface SchedulerSettings {
  readonly policy: PolicyName
  readonly eviction: EvictionName
  /** `learned`: the keep-alive of a model that nobody gave one follows the gaps between its requests; `keepAliveMs` bounds it from above. */
  readonly keepAlive: 'fixed' | 'learned'
  /** Whether batch work gives its slot, and its model's memory, to interactive work. */
  readonly preempt: boolean
  /** The longest that requests for loaded models may go before one that needs a swap. */
  readonly starvationMs: number
  /** Most requests of a class that wait at one time; 0: as `maxQueue` says. */
  readonly maxQueuePerClass: Readonly<Record<RequestClass, number>>
  /** For a client whose request brings no limits of its own. */
  readonly clientLimits: ClientLimits
  /** Most requests that wait at one time; one more is refused. */
  readonly maxQueue: number
  /** How long a runner stays loaded when idle; negative: for ever. A request may say otherwise. */
  readonly keepAliveMs: number
  /** Most models loaded at one time, foreign ones aside; 0: as many as the budget holds. */
  readonly maxLoaded: number
  /** Jobs at a time on one runner; 0: the most of 4, 2 and 1 whose KV cache fits into a quarter of what is free. */
  readonly slots: number
  /** Tokens of context a slot where no request says more; a model's own length if that is shorter. */
  readonly contextLength: Tokens
  readonly kvType: KvType
  /** How long a request may wait for its slot. */
  readonly maxWaitMs: number
  /** After this long, a request that waits for memory or cores has busy runners drained for it. */
  readonly patienceMs: number
  /** A load that gives no sign of life for so long is ended. */
  readonly loadStallMs: number
  /** A job that makes no progress for so long has its runner killed. */
  readonly runStallMs: number
  /** How much later a class is served than an interactive request of the same moment; that is its aging bound. */
  readonly classDelayMs: { readonly interactive: number; readonly normal: number; readonly batch: number }
  /** Cores to divide among runners that compute on the CPU. */
  readonly cores: number
}

export const NO_LIMITS: ClientLimits = { concurrent: 0, requestsPerMinute: 0, tokensPerMinute: 0 }

export const DEFAULT_SETTINGS: SchedulerSettings = {
  policy: 'fair',
  eviction: 'lru',
  keepAlive: 'fixed',
  preempt: true,
  starvationMs: 30_000,
  maxQueuePerClass: { interactive: 0, normal: 0, batch: 0 },
  clientLimits: NO_LIMITS,
  maxQueue: 512,
  keepAliveMs: 5 * 60_000,
  maxLoaded: 0,
  slots: 0,
  contextLength: 4096,
  kvType: 'f16',
  maxWaitMs: 10 * 60_000,
  patienceMs: 5_000,
  loadStallMs: 5 * 60_000,
  runStallMs: 5 * 60_000,
  classDelayMs: { interactive: 0, normal: 10_000, batch: 60_000 },
  cores: 1,
}
