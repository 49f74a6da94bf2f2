import type { KvType, Tokens } from '@berth/budget'
import type {
  BackendErrorData,
  FinishReason,
  Job,
  Metrics,
  Piece,
  Purpose,
  RunProgress,
} from '@berth/scheduler'

/**
 * What the server and a child say to each other. Plain data (structured clone), a discriminated union each
 * way, checked by whoever receives it (`check-messages.ts`): the two are built together, so a mismatch is a
 * bug that must show.
 */

/** Raised whenever a message changes; a child of another version is not talked to. */
export const PROTOCOL_VERSION = 2

/** Names a run, a parked job or a call; the server counts them up. */
export type Id = number

/** `auto` leaves it to the engine, which turns it on wherever it can. */
export type FlashAttention = 'auto' | boolean

/** What a child needs to know to load. */
export interface LoadOrder {
  readonly path: string
  readonly adapters: readonly string[]
  /** Where the child may put the KV of parked jobs; removed when it is gone. */
  readonly parkingFolder: string
  readonly purpose: Purpose
  /** Tokens of every slot. */
  readonly contextLength: Tokens
  readonly slots: number
  readonly kvType: KvType
  readonly flashAttention: FlashAttention
  readonly gpuLayers: number
  readonly useMmap: boolean
  /** Most tokens in one decode call. */
  readonly batchSize: Tokens
  /** Tokens of a text to embed at most. */
  readonly embedLimit: Tokens
  /** Cores to begin with, and the most there may ever be. */
  readonly threads: number
  readonly maxThreads: number
}

/** Bytes that the engine says it holds, the child's own process aside. */
export interface EngineMemory {
  readonly ram: number
  readonly vram: number
}

/** What a probe of the machine finds. */
export interface ProbeResult {
  readonly gpu: 'cuda' | 'vulkan' | 'metal' | false
  /** One for each GPU that the engine would use. */
  readonly gpuNames: readonly string[]
  /** Of all GPUs together. `unified` bytes are the host's as well. */
  readonly vram: { readonly total: number; readonly used: number; readonly unified: number }
  /** llama.cpp's list of what its CPU build does. */
  readonly systemInfo: string
  /** What the process held once the engine's library was loaded, and nothing else. */
  readonly residentBytes: number
}

export type ToChild =
  | { readonly type: 'probe'; readonly gpu: GpuChoice }
  | { readonly type: 'load'; readonly gpu: GpuChoice; readonly order: LoadOrder }
  | { readonly type: 'start'; readonly run: Id; readonly job: Job; readonly from?: ResumeFrom }
  | { readonly type: 'cancel'; readonly run: Id }
  | { readonly type: 'park'; readonly run: Id }
  /** Keeps a parked job without its KV. */
  | { readonly type: 'forget'; readonly parked: Id }
  | { readonly type: 'discard'; readonly parked: Id }
  | { readonly type: 'count'; readonly call: Id; readonly text: string }
  | { readonly type: 'threads'; readonly count: number }
  /** Asks the child to leave, whatever it is doing. */
  | { readonly type: 'leave' }

/** Which of the engine's GPU builds to use. */
export type GpuChoice = 'auto' | 'cuda' | 'vulkan' | 'metal' | false

/** A parked job without its KV: with it another child goes on too, after computing the tokens again. */
export interface ParkedState {
  readonly prompt: readonly number[]
  readonly answer: readonly number[]
  /** Prompt and answer less what was shifted out. */
  readonly context: readonly number[]
  readonly metrics: Metrics
}

export interface ResumeFrom {
  /** Absent where another child parked it. */
  readonly parked?: Id
  readonly state: ParkedState
}

/** How a run gave its slot back; `parked` names what to start it from again. */
export type RunOutcome =
  | { readonly how: 'finished'; readonly reason: FinishReason; readonly metrics: Metrics }
  | { readonly how: 'cancelled'; readonly metrics: Metrics }
  | {
      readonly how: 'parked'
      readonly metrics: Metrics
      readonly parked: Id
      readonly state: ParkedState
      /** Tokens that need not be computed again. */
      readonly tokens: Tokens
      readonly bytes: number
      /** Steps, each a chunk of the prompt or a token, that were computed after it was asked for. */
      readonly steps: number
      /** What setting it aside took then. */
      readonly ms: number
    }
  | { readonly how: 'failed'; readonly error: BackendErrorData }

/** What a run did since the last report of it. */
export interface RunReport {
  readonly run: Id
  readonly pieces: readonly Piece[]
  readonly progress?: RunProgress
  readonly outcome?: RunOutcome
}

export type FromChild =
  | { readonly type: 'hello'; readonly version: number }
  | { readonly type: 'probed'; readonly result: ProbeResult }
  | {
      readonly type: 'loading'
      readonly fraction: number
      readonly stage: 'starting' | 'reading' | 'checking'
    }
  | { readonly type: 'loaded'; readonly memory: EngineMemory }
  /** The child is about to leave. */
  | { readonly type: 'failed'; readonly error: BackendErrorData }
  /** One message for everything that a decode step gave, whatever the number of runs in it. */
  | { readonly type: 'runs'; readonly reports: readonly RunReport[] }
  | { readonly type: 'counted'; readonly call: Id; readonly tokens: Tokens }
  | { readonly type: 'log'; readonly level: 'debug' | 'warn' | 'error'; readonly text: string }
