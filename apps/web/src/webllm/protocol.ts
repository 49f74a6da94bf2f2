import type { Bytes, Tokens } from '@berth/budget'
import type { BackendErrorData, GenerateJob, Metrics, Piece, RunProgress } from '@berth/scheduler'
import type { FinishReason } from '@berth/scheduler'
import type { ModelRecord } from '@mlc-ai/web-llm'

/**
 * What a runner and its worker say to each other. Calls go by comlink; all that the worker tells by itself goes
 * over one port, in order: comlink's callbacks are not ordered with the answers of its calls.
 */
export interface WorkerApi {
  /** Takes a Web Lock and never gives it back: it comes free when the worker is really gone, whatever the cause. */
  hold(lock: string): Promise<void>
  /** Resolves when the model has answered a first token. */
  load(request: LoadRequest, port: MessagePort): Promise<Loaded>
  /** All else of the run comes over the port. */
  start(run: RunId, work: Work): void
  /** Nothing happens where that run is over already. */
  cancel(run: RunId): void
  park(run: RunId): void
  countTokens(text: string): number
  /** Gives the GPU's memory back. */
  unload(): Promise<void>
}

export type RunId = number

export interface LoadRequest {
  /** With the library that was chosen; all its files are in IndexedDB. */
  readonly record: ModelRecord
  /** null: as the model's own configuration says (a sliding window). */
  readonly contextLength: Tokens | null
  /** Most tokens of a prompt computed at a time, and so how soon a cancel is heard. */
  readonly promptChunk: Tokens
  readonly purpose: 'generate' | 'embed'
}

/** Errors do not cross the border as such: they would lose their code. */
export type Loaded = { readonly ok: true } | { readonly ok: false; readonly error: BackendErrorData }

export type Work =
  | { readonly kind: 'generate'; readonly job: GenerateJob; readonly from?: ParkedState }
  | { readonly kind: 'embed'; readonly inputs: readonly string[]; readonly truncate: boolean }

/** All that another worker with the same model needs to go on with a job. */
export interface ParkedState {
  readonly prompt: readonly number[]
  readonly answer: readonly number[]
  /** Of the answer's text, what was given out or is behind a stop text's possible beginning. */
  readonly released: number
  /** The random number generator's state; null where it does not tell. */
  readonly random: number | null
  readonly metrics: Metrics
}

export type FromWorker =
  | {
      readonly type: 'loading'
      readonly stage: 'reading' | 'compiling' | 'checking'
      readonly fraction: number
    }
  /** The GPU's memory that this worker holds. */
  | { readonly type: 'memory'; readonly bytes: Bytes }
  /** The GPU device is lost: nothing works any more. */
  | { readonly type: 'device-lost'; readonly why: string }
  | {
      readonly type: 'run'
      readonly run: RunId
      readonly pieces: readonly Piece[]
      readonly progress?: RunProgress
      readonly outcome?: Outcome
    }

export type Outcome =
  | { readonly how: 'finished'; readonly reason: FinishReason; readonly metrics: Metrics }
  | { readonly how: 'cancelled'; readonly metrics: Metrics }
  | { readonly how: 'parked'; readonly metrics: Metrics; readonly state: ParkedState }
  | { readonly how: 'failed'; readonly error: BackendErrorData; readonly metrics?: Metrics }
