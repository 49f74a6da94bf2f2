import type { Bytes, DeviceId, Tokens } from '@berth/budget'
import type { SchedulerErrorCode } from '../errors.js'
import type { RequestClass } from '../request.js'
import type { EvictionName, PolicyName } from '../settings.js'
import type { FairnessReport } from './fairness-meter.js'
import type { Distribution } from './histogram.js'
import type { SeriesReport } from './series.js'

/** What is promised to a request; what is left out is not promised. Milliseconds. */
export interface Slo {
  /** From its arrival to its first token. */
  readonly firstTokenMs?: number
  /** From its arrival to its last token. */
  readonly endMs?: number
  /** Between two tokens of its answer, on average. */
  readonly tokenMs?: number
}

export type SloByClass = Readonly<Partial<Record<RequestClass, Slo>>>

export const DEFAULT_SLO: SloByClass = {
  interactive: { firstTokenMs: 2_000, tokenMs: 200 },
  normal: { firstTokenMs: 10_000, tokenMs: 500 },
  batch: { endMs: 15 * 60_000 },
}

/** How some requests fared. Times in milliseconds. */
export interface Latencies {
  /** From arrival to a slot. */
  readonly waiting: Distribution
  /** From arrival to the first token. */
  readonly firstToken: Distribution
  /** From arrival to the last token. */
  readonly end: Distribution
  /** Between two tokens of an answer: a request's mean. */
  readonly perToken: Distribution
}

/** What became of some requests. */
export interface Outcome extends Latencies {
  readonly requests: number
  readonly finished: number
  /** Refused, at the door or later, or failed. */
  readonly lost: number
  /** Of all requests, the part that got what was promised; 1 where there were none. */
  readonly sloAttained: number
  readonly promptTokens: Tokens
  readonly decodedTokens: Tokens
}

export interface ClientOutcome extends Outcome {
  readonly client: string
}

export interface DeviceReport {
  readonly device: DeviceId
  readonly name: string
  readonly capacity: Bytes
  /** The part of the time in which anything was computed on it. */
  readonly busy: number
  readonly peakBytes: Bytes
  readonly meanBytes: Bytes
}

export interface SwapReport {
  readonly loads: number
  /** Loads of a model that had been loaded before: what more memory would have saved. */
  readonly reloads: number
  /** Runners that were asked to leave, for another's sake or because their keep-alive was over. */
  readonly evictions: number
  readonly preemptions: number
  /** Milliseconds from the decision to load until loaded, of all loads together. */
  readonly loadMs: number
  /** Of all requests, the part whose model was loaded when they came. */
  readonly hitRate: number
}

/** What no policy can beat, in this model of the machine. */
export interface Bounds {
  /** Every request alone on an empty machine with its model loaded: no waiting, no sharing. Each percentile of each policy is above. */
  readonly firstToken: Distribution
  readonly end: Distribution
  /** The last of them would be done then. */
  readonly makespanMs: number
  /** Every model that was asked for is loaded once at least. */
  readonly loads: number
}

/** What a simulation found. Plain data; the same trace, machine and settings give the same to the byte. */
export interface SimulationReport {
  readonly version: 1
  readonly policy: PolicyName
  readonly eviction: EvictionName | 'farthest-next-use'
  readonly machine: string
  /** From the first arrival's clock to the last end, in milliseconds. */
  readonly makespanMs: number
  readonly all: Outcome
  readonly byClass: Readonly<Partial<Record<RequestClass, Outcome>>>
  /** Those with the most tokens first; the rest of them together, as `others`, last. */
  readonly byClient: readonly ClientOutcome[]
  /** How many were told apart: 1,000 at most, later ones are among the others. */
  readonly clients: number
  readonly lost: Readonly<Partial<Record<SchedulerErrorCode | 'failed', number>>>
  readonly swaps: SwapReport
  readonly devices: readonly DeviceReport[]
  /** Prompts (computed, not remembered) and answers, a second of the makespan. */
  readonly tokensPerSecond: number
  readonly fairness: FairnessReport
  readonly slo: SloByClass
  /** `waiting`, `running`, and reserved bytes as `bytes <device>`. */
  readonly series: SeriesReport
  readonly bounds: Bounds
  readonly events: number
}
