import type { Bytes, DeviceBytes, KvType, MemoryProfile, Placement, Tokens } from '@berth/budget'
import type { BackendError } from './errors.js'
import type { Job } from './job.js'
import type { FinishReason, Metrics, Piece } from './piece.js'
import type { SignalLike } from './signal.js'

/** A model's name as its backend's catalog spells it. The scheduler compares it and nothing more. */
export type ModelId = string

/** What a load is for. An engine keeps the two apart (another context, another pooling), so a model may be loaded once for each. */
export type Purpose = 'generate' | 'embed'

/** A model that a backend can load. */
export interface ModelInfo {
  readonly id: ModelId
  /** Changes when the model's content changes (a digest; a constant where that cannot be known): a runner of another revision is not reused. */
  readonly revision: string
  /** Size on disk or on the wire; 0 where it is not ours to know. */
  readonly bytes: Bytes
  /** May be a guess where the engine does not tell; a job that then cannot be done fails with `unsupported`. */
  readonly purposes: readonly Purpose[]
}

/** Everything in which two loads of one model can differ. */
export interface LoadSpec {
  readonly model: ModelId
  readonly revision: string
  readonly purpose: Purpose
  /** Tokens of context of every slot; 0 where a foreign engine does not tell. */
  readonly contextLength: Tokens
  /** Jobs that run at the same time. */
  readonly slots: number
  readonly kvType: KvType
  /** Adapters (LoRA) in the order in which they are applied. */
  readonly adapters: readonly string[]
  readonly placement: Placement
  /** Cores to begin with; `setThreads` changes that, and loads that differ in nothing else are the same. */
  readonly threads: number
}

/** How far a load is. `fraction` runs from 0 to 1 and never backwards; bytes where the backend knows them. */
export interface LoadProgress {
  readonly fraction: number
  readonly stage: 'starting' | 'fetching' | 'reading' | 'compiling' | 'checking'
  readonly loadedBytes?: Bytes
  readonly totalBytes?: Bytes
}

/** A place where models run. Knows one engine, nothing of queues or of other models. */
export interface Backend {
  readonly name: string
  catalog(): Promise<readonly ModelInfo[]>
  /**
   * What the model would need, by layer, by slot and by token of context; the scheduler reads it once a
   * revision. Placement is arithmetic on it, against the memory that is free at the moment of deciding.
   * @throws BackendError `bad-model` when the model cannot be read.
   */
  profile(model: ModelId, purpose: Purpose): Promise<MemoryProfile>
  /**
   * Loads. Resolves when the model has answered a first token (a health check; not where a token costs
   * money). Rejects with a `BackendError`, and only when the process or worker is really gone: the
   * scheduler gives the memory back on that.
   * @param report any call of it counts as a sign of life for the watchdog of loads.
   * @param signal aborts the load, which then rejects with `aborted`.
   */
  load(spec: LoadSpec, report: (progress: LoadProgress) => void, signal: SignalLike): Promise<Runner>
}

/** What can be told of a runner before it is asked. */
export interface RunnerAbilities {
  /**
   * How soon a cancelled job's slot comes free: after the decode step or prompt chunk in work (`chunk`),
   * after the decode step or the whole prompt in work (`prompt`), or only by ending the runner, which the
   * backend then does by itself (`kill`).
   */
  readonly cancel: 'chunk' | 'prompt' | 'kill'
  /** What preemption costs: the KV cache is kept, the prompt is computed again, or it cannot be done. */
  readonly park: 'kv' | 'recompute' | 'none'
  /** Whether memory figures are measured, computed, or not ours: foreign memory is zero bytes and never evicted. */
  readonly memory: 'measured' | 'modelled' | 'foreign'
}

/** One loaded model. */
export interface Runner {
  /** What was really loaded, which may be less than was asked for. */
  readonly spec: LoadSpec
  readonly can: RunnerAbilities
  /**
   * Starts a job in a free slot; the scheduler never starts more than `spec.slots` at a time.
   * Never throws: a job that cannot be done fails through its `Run`. A sampling option or a way of
   * overflow that the engine does not have is left out; what would change the answer's form or input
   * (format, tools, images, a template, log-probabilities, tokens to go on from) fails with `unsupported`.
   * @param from goes on where a parked run of the same job stopped.
   */
  start(job: Job, from?: Parked): Run
  /** Tokens of a text by this model's tokenizer, without special tokens. Rejects with `unsupported` where the engine cannot tell. */
  countTokens(text: string): Promise<Tokens>
  /** This runner's share of the CPU's cores, one at least. Shares change while others come and go. */
  setThreads(count: number): void
  /** Reports what the load really takes, now (where it is known) and whenever it changes. Says nothing where `can.memory` is `modelled` or `foreign`. */
  onMemory(listener: (bytes: readonly DeviceBytes[]) => void): Disposable
  /** Resolves when the memory is really back. May be called again, with `now` after `gracefully`. Runs that are still going fail with `lost`. */
  stop(how: 'gracefully' | 'now'): Promise<void>
  /** Resolves, never rejects, when the runner is gone, asked for or crashed; every run's `slotFree` has resolved before. */
  readonly ended: Promise<RunnerEnd>
}

export interface RunnerEnd {
  readonly asked: boolean
  readonly reason: string
}

/** How far a run is. Any report counts as a sign of life for the watchdog. */
export type RunProgress =
  /** Alive, not begun: queued at a remote engine. */
  | { readonly phase: 'waiting' }
  | { readonly phase: 'prompt'; readonly tokens: Tokens; readonly of: Tokens }
  | { readonly phase: 'decode'; readonly tokens: Tokens }

/** How a run gave its slot back. */
export type RunEnd =
  | { readonly how: 'finished'; readonly reason: FinishReason; readonly metrics: Metrics }
  | { readonly how: 'cancelled'; readonly metrics: Metrics }
  | { readonly how: 'parked'; readonly metrics: Metrics }
  /** `lost` of a run does not mean that the runner is gone (one connection was cut); `Runner.ended` does. */
  | { readonly how: 'failed'; readonly error: BackendError; readonly metrics?: Metrics }

/**
 * One job in one slot. The backend pumps into a bounded buffer of its own: a slow reader never holds the
 * slot or looks like a stuck engine; one that is too slow loses its job, with the error `slow-reader`.
 */
export interface Run {
  /**
   * May be iterated once. Ends after a `finished` piece; throws a `BackendError` when the job failed or
   * was cancelled. Leaving the loop early cancels.
   */
  readonly pieces: AsyncIterable<Piece>
  /** Calls the listener at each prompt chunk and each few decoded tokens, whether or not anybody reads; never inside `start`, never after `slotFree`. */
  onProgress(listener: (progress: RunProgress) => void): Disposable
  /** May be called at any time and more than once. */
  cancel(): void
  /**
   * Stops at the next token border and frees the slot; pieces already made stay readable and `pieces` ends
   * without a `finished` one. Rejects with `unsupported` where `can.park` is `none` or this job cannot be
   * parked, and with `aborted` when the run was over first.
   */
  park(): Promise<Parked>
  /** Resolves, never rejects, when the slot can take the next job, read or unread as the pieces may be; a `finished` piece can be read by then. */
  readonly slotFree: Promise<RunEnd>
}

/**
 * A job set aside. Whoever holds it starts it again or disposes of it; its bytes are reserved like any other.
 * It outlives its runner, but for its bytes: any runner of the same model and revision whose `can.park` is not
 * `none` takes it, and computes again what it cannot use. `maxTokens`, stop texts and metrics count over the whole job.
 */
export interface Parked {
  readonly bytes: readonly DeviceBytes[]
  /** Tokens, of prompt and answer, that need not be computed again. */
  readonly tokens: Tokens
  /** Gives its bytes back, and keeps what it takes to go on: all of it is computed again then. */
  forget(): Promise<void>
  dispose(): Promise<void>
}
