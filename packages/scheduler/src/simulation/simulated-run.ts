import type { DeviceBytes, Tokens } from '@berth/budget'
import type { Parked, Run, RunEnd, RunProgress } from '../backend.js'
import { deferred } from '../deferred.js'
import { BackendError } from '../errors.js'
import type { Job } from '../job.js'
import type { Metrics, Piece } from '../piece.js'
import type { Work } from './simulated-job.js'

/** What a run asks of its runner. */
export interface RunDesk {
  now(): number
  /** The run is to end at the next border of a step. */
  stopAtBorder(run: SimulatedRun): void
}

/** One job in a slot: tokens of its prompt, then tokens of its answer, a step each. The runner moves it on. */
export class SimulatedRun implements Run {
  readonly job: Job
  readonly promptTokens: Tokens
  readonly cachedTokens: Tokens
  /** Tokens that it will have given when it is done. */
  readonly answer: Tokens
  readonly startedAt: number
  /** Prompt tokens that are in the KV cache, and tokens given. */
  prompted: Tokens
  decoded: Tokens
  phase: 'restoring' | 'prompt' | 'decode' | 'saving' | 'over' = 'prompt'
  /** In the runner's count of steps: when its phase began, when it ends, and how many tokens a step brings. */
  fromStep = 0
  toStep = 0
  tokensAStep: Tokens = 1
  /** What was asked of it, until the border. */
  leaving: 'cancelled' | 'parked' | null = null
  /** Tokens that it remembers while it decodes, half-way. */
  remembered: Tokens = 0
  promptMs = 0
  decodeMs = 0
  phaseSince: number
  readonly #desk: RunDesk
  readonly #cut: boolean
  readonly #end = deferred<RunEnd>()
  #listener: ((progress: RunProgress) => void) | null = null
  #parking: ReturnType<typeof deferred<Parked>> | null = null

  constructor(job: Job, work: Work, contextLength: Tokens, desk: RunDesk, from: SetAside | null) {
    this.job = job
    this.#desk = desk
    this.startedAt = desk.now()
    this.phaseSince = this.startedAt
    this.promptTokens = Math.min(work.promptTokens, Math.max(1, contextLength - 1))
    this.cachedTokens = Math.min(work.cachedTokens, this.promptTokens)
    const most = job.kind === 'generate' ? (job.maxTokens ?? Infinity) : 0
    this.answer = Math.min(work.outputTokens, most)
    this.#cut = most < work.outputTokens
    this.decoded = from?.decoded ?? 0
    // What has to be computed again is a longer prompt: its own, and the answer so far.
    this.prompted = from === null ? this.cachedTokens : from.usable ? from.prompted : -this.decoded
    this.promptMs = from?.promptMs ?? 0
    this.decodeMs = from?.decodeMs ?? 0
  }

  /** There is no text; what was counted comes at the end. */
  get pieces(): AsyncIterable<Piece> {
    return { [Symbol.asyncIterator]: () => this.#pieces() }
  }

  async *#pieces(): AsyncGenerator<Piece, void, void> {
    const end = await this.slotFree
    if (end.how === 'finished') yield { type: 'finished', reason: end.reason, metrics: end.metrics }
    else if (end.how === 'failed') throw end.error
    else if (end.how === 'cancelled') throw new BackendError('aborted', 'the job was cancelled')
  }

  get slotFree(): Promise<RunEnd> {
    return this.#end.promise
  }

  onProgress(listener: (progress: RunProgress) => void): Disposable {
    this.#listener = listener
    return { [Symbol.dispose]: () => void (this.#listener = null) }
  }

  cancel(): void {
    if (this.phase === 'over' || this.leaving === 'cancelled') return
    this.leaving = 'cancelled'
    this.#parking?.reject(new BackendError('aborted', 'the job was cancelled'))
    this.#desk.stopAtBorder(this)
  }

  park(): Promise<Parked> {
    if (this.phase === 'over' || this.leaving === 'cancelled') {
      return Promise.reject(new BackendError('aborted', 'the job is over'))
    }
    if (this.job.kind === 'embed')
      return Promise.reject(new BackendError('unsupported', 'embeddings do not park'))
    if (this.#parking === null) {
      this.#parking = deferred()
      this.leaving = 'parked'
      this.#desk.stopAtBorder(this)
    }
    return this.#parking.promise
  }

  tell(): void {
    if (this.#listener === null) return
    if (this.phase === 'prompt') {
      this.#listener({ phase: 'prompt', tokens: this.prompted, of: this.promptTokens })
    } else this.#listener({ phase: 'decode', tokens: this.decoded })
  }

  /** Where it begins, once its starter can hear it. */
  tellSoon(): void {
    void Promise.resolve().then(() => this.tell())
  }

  finish(): void {
    this.#conclude({ how: 'finished', reason: this.#cut ? 'length' : 'stop', metrics: this.metrics() })
  }

  cancelled(): void {
    this.#conclude({ how: 'cancelled', metrics: this.metrics() })
  }

  parked(parked: SimulatedParked): void {
    this.#conclude({ how: 'parked', metrics: this.metrics() })
    this.#parking?.resolve(parked)
  }

  fail(error: BackendError): void {
    this.#conclude({ how: 'failed', error, metrics: this.metrics() })
  }

  #conclude(end: RunEnd): void {
    if (this.phase === 'over') return
    this.phase = 'over'
    this.#listener = null
    // In this order: whoever hears that it was too late to park knows why.
    this.#end.resolve(end)
    if (end.how !== 'parked') this.#parking?.reject(new BackendError('aborted', 'the job was over first'))
  }

  metrics(): Metrics {
    return {
      promptTokens: this.promptTokens,
      cachedTokens: this.cachedTokens,
      promptMs: this.promptMs,
      decodedTokens: this.decoded,
      decodeMs: this.decodeMs,
    }
  }
}

/** How far a job was when it was set aside. */
export interface SetAside {
  readonly prompted: Tokens
  readonly decoded: Tokens
  readonly promptMs: number
  readonly decodeMs: number
  /** Whether its KV cache is still there; without it all is computed again. */
  readonly usable: boolean
}

/** A job set aside. */
export class SimulatedParked implements Parked {
  readonly bytes: readonly DeviceBytes[]
  readonly tokens: Tokens
  readonly #owner: unknown
  readonly #at: Omit<SetAside, 'usable'>
  #kept = true

  /** @param owner the runner that has its KV cache. */
  constructor(owner: unknown, bytes: readonly DeviceBytes[], at: Omit<SetAside, 'usable'>) {
    this.#owner = owner
    this.#at = at
    this.bytes = bytes
    this.tokens = Math.floor(at.prompted + at.decoded)
  }

  /** How far it is, for a runner that goes on with it. */
  on(runner: unknown): SetAside {
    return { ...this.#at, usable: this.#kept && runner === this.#owner }
  }

  forget(): Promise<void> {
    this.#kept = false
    return Promise.resolve()
  }

  dispose(): Promise<void> {
    return this.forget()
  }
}
