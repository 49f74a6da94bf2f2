import {
  asBackendError,
  BackendError,
  deferred,
  PieceBuffer,
  type Clock,
  type Metrics,
  type Parked,
  type Piece,
  type Run,
  type RunEnd,
  type RunProgress,
} from '@berth/scheduler'
import type { AnswerEnd } from './dialect.js'
import { newAbort, type PlatformSignal } from './platform.js'
import { lateError } from './remote-errors.js'

/** Bounds of waiting, in milliseconds. */
export interface RemoteTimeouts {
  /** For a short question: a list of models, whether the server lives. */
  readonly connectMs: number
  /** After such a silence of an answer, the server is asked whether it lives. */
  readonly probeMs: number
  /** A longer silence ends the job, even if the server lives. */
  readonly silenceMs: number
  /** How long a job is offered again and again to a server that says it is busy. */
  readonly busyMs: number
}

export const REMOTE_TIMEOUTS: RemoteTimeouts = {
  connectMs: 10_000,
  probeMs: 15_000,
  silenceMs: 10 * 60_000,
  busyMs: 60_000,
}

/** What a run does its work with, and tells of it. */
export interface RunParts {
  readonly server: string
  readonly clock: Clock
  readonly timeouts: RemoteTimeouts
  /** Does the job: waits for its turn, asks, and tells what comes through `to`. Resolves when the answer is whole. */
  readonly work: (to: RunOutlet) => Promise<AnswerEnd>
  /** Resolves if the server lives. */
  readonly probe: (signal: PlatformSignal) => Promise<unknown>
  /** Most unread characters of text and numbers of vectors. */
  readonly bound?: number
  readonly over: (end: RunEnd) => void
}

/** A run, from the side of whoever does its work. */
export interface RunOutlet {
  readonly signal: PlatformSignal
  push(piece: Piece): void
  /** Something came: the server is at it. */
  alive(): void
  /** From now on a silence is the server's, not that of a line on our side. */
  asked(): void
  /** Back in a line on our side. */
  waits(): void
  /** Cuts the connection, if there still is one. */
  letGo(): void
  /** Whether anything of the answer has come. */
  readonly begun: boolean
}

/** One job at a remote engine. */
export class RemoteRun implements Run, RunOutlet {
  readonly pieces: PieceBuffer
  readonly slotFree: Promise<RunEnd>
  readonly #parts: RunParts
  readonly #free = deferred<RunEnd>()
  readonly #abort = newAbort()
  readonly #listeners = new Set<(progress: RunProgress) => void>()
  readonly #startedAt: number
  #firstAt: number | null = null
  #lastSign: number
  #tokens = 0
  #isAsked = false
  #probing = false
  #over = false
  #timer: Disposable | null = null

  constructor(parts: RunParts) {
    this.#parts = parts
    this.slotFree = this.#free.promise
    this.pieces = new PieceBuffer(() => this.cancel(), parts.bound)
    this.#startedAt = parts.clock.now()
    this.#lastSign = this.#startedAt
    this.#watch()
    // Not within `start`: whoever called it has not subscribed yet.
    void Promise.resolve().then(() => this.#work())
  }

  get signal(): PlatformSignal {
    return this.#abort.signal
  }

  get begun(): boolean {
    return this.#firstAt !== null
  }

  onProgress(listener: (progress: RunProgress) => void): Disposable {
    const own = (progress: RunProgress) => listener(progress)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }

  cancel(): void {
    const error = new BackendError('aborted', 'the job was cancelled')
    this.#settle({ how: 'cancelled', metrics: this.#metrics({}) }, error)
  }

  park(): Promise<Parked> {
    return Promise.reject(new BackendError('unsupported', 'a remote engine cannot set a job aside'))
  }

  fail(error: BackendError): void {
    if (!this.#over) this.#settle({ how: 'failed', error, metrics: this.#metrics({}) }, error)
  }

  push(piece: Piece): void {
    if (this.#over) return
    this.#firstAt ??= this.#parts.clock.now()
    if (piece.type === 'text' || piece.type === 'thinking') this.#tokens += piece.tokens
    const slow = this.pieces.push(piece)
    if (slow !== null) return this.fail(slow)
    this.#tell({ phase: 'decode', tokens: this.#tokens })
  }

  alive(): void {
    this.#lastSign = this.#parts.clock.now()
    if (!this.begun) this.#tell({ phase: 'waiting' })
  }

  asked(): void {
    this.#isAsked = true
    this.#lastSign = this.#parts.clock.now()
  }

  waits(): void {
    this.#isAsked = false
  }

  letGo(): void {
    this.#abort.abort()
  }

  async #work(): Promise<void> {
    if (this.#over) return
    try {
      const end = await this.#parts.work(this)
      if (this.#over) return
      const metrics = this.#metrics(end.figures)
      const context = end.context === undefined ? {} : { context: end.context }
      this.pieces.push({ type: 'finished', reason: end.reason, metrics, ...context })
      this.#settle({ how: 'finished', reason: end.reason, metrics }, null)
    } catch (error) {
      this.fail(asBackendError(error))
    }
  }

  #settle(end: RunEnd, error: BackendError | null): void {
    if (this.#over) return
    this.#over = true
    this.#timer?.[Symbol.dispose]()
    this.#listeners.clear()
    this.pieces.end(error)
    // A whole answer's connection is let go by who reads it, and may serve the next request.
    if (end.how !== 'finished') this.#abort.abort()
    this.#free.resolve(end)
    this.#parts.over(end)
  }

  #tell(progress: RunProgress): void {
    if (this.#over) return
    for (const listener of this.#listeners) listener(progress)
  }

  #watch(): void {
    const { clock, timeouts } = this.#parts
    this.#timer = clock.at(clock.now() + timeouts.probeMs, () => {
      this.#watch()
      void this.#look()
    })
  }

  async #look(): Promise<void> {
    const { clock, timeouts, server } = this.#parts
    if (!this.#isAsked) return this.#tell({ phase: 'waiting' })
    const silent = clock.now() - this.#lastSign
    if (silent >= timeouts.silenceMs) {
      return this.fail(lateError(`${server} said nothing for ${silent / 1_000} s`))
    }
    if (silent < timeouts.probeMs || this.#probing) return
    this.#probing = true
    try {
      await this.#parts.probe(this.#abort.signal)
      // It lives, and has not come to it yet; in the middle of an answer that is no progress.
      if (!this.begun) this.#tell({ phase: 'waiting' })
    } catch (error) {
      const { code, message, elsewhere } = asBackendError(error)
      // What answers at all is alive; only the long silence ends it then.
      if (code !== 'lost') return
      const why = `in the middle of an answer: ${message}`
      this.fail(new BackendError('lost', why, elsewhere === undefined ? {} : { elsewhere }))
    } finally {
      this.#probing = false
    }
  }

  /** What the server tells, and for the rest what could be counted from here. */
  #metrics(told: Partial<Metrics>): Metrics {
    const now = this.#parts.clock.now()
    const firstAt = this.#firstAt ?? now
    const known =
      told.promptTokens !== undefined &&
      told.decodedTokens !== undefined &&
      told.promptMs !== undefined &&
      told.decodeMs !== undefined
    return {
      promptTokens: 0,
      cachedTokens: 0,
      promptMs: firstAt - this.#startedAt,
      decodedTokens: this.#tokens,
      decodeMs: now - firstAt,
      ...told,
      ...(known ? {} : { estimated: true as const }),
    }
  }
}
