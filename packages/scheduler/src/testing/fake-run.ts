import type { LoadSpec, Parked, Run, RunEnd, RunProgress } from '../backend.js'
import type { Clock } from '../clock.js'
import { deferred } from '../deferred.js'
import { BackendError } from '../errors.js'
import type { Job } from '../job.js'
import type { Metrics, Piece } from '../piece.js'
import { PieceBuffer } from '../piece-buffer.js'
import type { FakeModel } from './fake-backend.js'
import { FakeParked } from './fake-parked.js'

/** A prompt of this text never makes progress. */
export const STUCK = 'get stuck'
/** A job with a prompt of this text cannot be set aside. */
export const UNPARKABLE = 'stay where you are'

/** What a job of the fake needs to know of its runner. */
export interface FakeRunParts {
  readonly model: FakeModel
  readonly spec: LoadSpec
  readonly clock: Clock
  readonly owner: object
  /** Called with what is set aside. */
  readonly parks: (parked: FakeParked) => void
}

interface Answer {
  readonly tokens: readonly string[]
  /** Where in its text a stop text was found. */
  readonly stopsAt: number | null
}

/** One job of the fake backend: a prompt, then a word every `tokenMs`. */
export class FakeRun implements Run {
  readonly #job: Job
  readonly #model: FakeModel
  readonly #spec: LoadSpec
  readonly #clock: Clock
  readonly #parts: FakeRunParts
  readonly #buffer = new PieceBuffer(() => this.cancel())
  readonly #end = deferred<RunEnd>()
  readonly #listeners = new Set<(progress: RunProgress) => void>()
  readonly #startedAt: number
  #timer: Disposable | null = null
  #answer: Answer | null = null
  #decoded: number
  #parking: Promise<Parked> | null = null
  #over = false

  constructor(job: Job, parts: FakeRunParts, from: Parked | undefined) {
    const { model, spec, clock } = parts
    this.#parts = parts
    this.#job = job
    this.#model = model
    this.#spec = spec
    this.#clock = clock
    this.#startedAt = clock.now()
    const parked = from instanceof FakeParked ? from : null
    this.#decoded = parked?.decoded ?? 0
    const keeps = parked?.start(parts.owner) ?? false
    const prompt = promptOf(job)
    if (prompt === STUCK) return
    if (job.kind === 'generate' && job.overflow.prompt === 'fail' && wordsOf(prompt) > spec.contextLength) {
      const long = `the prompt has ${wordsOf(prompt)} tokens, the context ${spec.contextLength}`
      this.fail(new BackendError('context-overflow', long))
      return
    }
    this.#after(keeps ? 0 : (model.promptMs ?? 0), () => this.#afterPrompt())
  }

  get pieces(): AsyncIterable<Piece> {
    return this.#buffer
  }

  get slotFree(): Promise<RunEnd> {
    return this.#end.promise
  }

  onProgress(listener: (progress: RunProgress) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  cancel(): void {
    this.#conclude({ how: 'cancelled', metrics: this.#metrics() }, new BackendError('aborted', 'cancelled'))
  }

  park(): Promise<Parked> {
    if (this.#over) return Promise.reject(new BackendError('aborted', 'the job is over'))
    if (this.#job.kind === 'embed')
      return Promise.reject(new BackendError('unsupported', 'embeddings do not park'))
    if (this.#parts.model.park === 'none' || promptOf(this.#job) === UNPARKABLE)
      return Promise.reject(new BackendError('unsupported', 'this job does not park'))
    this.#parking ??= this.#setAside()
    return this.#parking
  }

  async #setAside(): Promise<Parked> {
    const { model, clock, owner, parks } = this.#parts
    if (model.parkMs !== undefined) {
      // Nothing is decoded meanwhile.
      this.#timer?.[Symbol.dispose]()
      const done = deferred<void>()
      this.#timer = clock.at(clock.now() + model.parkMs, () => done.resolve())
      await Promise.race([done.promise, this.#end.promise])
    }
    if (this.#over) throw new BackendError('aborted', 'the job was over first')
    const keeps = model.park !== 'recompute'
    const tokens = keeps ? 1 + this.#decoded : 0
    const { parkedPerToken: per } = model
    const bytes = keeps && per !== undefined ? [{ ...per, bytes: per.bytes * tokens }] : []
    const parked = new FakeParked({ bytes, tokens, decoded: this.#decoded, owner })
    parks(parked)
    this.#conclude({ how: 'parked', metrics: this.#metrics() }, null)
    return parked
  }

  fail(error: BackendError): void {
    this.#conclude({ how: 'failed', error }, error)
  }

  #afterPrompt(): void {
    this.#tell({ phase: 'prompt', tokens: 1, of: 1 })
    if (this.#job.kind === 'embed') {
      this.#job.inputs.forEach((text, index) => {
        this.#buffer.push({ type: 'embedding', index, vector: [text.length, index, 1], tokens: 1 })
      })
      this.#finish('stop')
      return
    }
    this.#decodeNext()
  }

  #decodeNext(): void {
    this.#answer ??= this.#wholeAnswer()
    const { tokens, stopsAt } = this.#answer
    if (this.#decoded >= tokens.length) {
      const cut =
        this.#job.kind === 'generate' && this.#job.maxTokens !== undefined && tokens.length < this.#own
      this.#finish(stopsAt === null && cut ? 'length' : 'stop')
      return
    }
    this.#after(this.#model.tokenMs ?? 0, () => {
      const text = tokens[this.#decoded] ?? ''
      this.#decoded += 1
      const slow = text === '' ? null : this.#buffer.push({ type: 'text', text, tokens: 1 })
      if (slow !== null) return this.fail(slow)
      this.#tell({ phase: 'decode', tokens: this.#decoded })
      this.#decodeNext()
    })
  }

  get #own(): number {
    return this.#model.tokens ?? 3
  }

  /** The answer's tokens, those behind a stop text left out and the one before it cut. */
  #wholeAnswer(): Answer {
    const job = this.#job
    if (job.kind === 'embed') return { tokens: [], stopsAt: null }
    const count = Math.min(this.#own, job.maxTokens ?? Infinity)
    const words = Array.from({ length: count }, (_, i) => `${this.#spec.model}-${i + 1} `)
    const found = job.stop.map((stop) => words.join('').indexOf(stop)).filter((at) => at >= 0)
    if (found.length === 0) return { tokens: words, stopsAt: null }
    const stopsAt = Math.min(...found)
    let before = 0
    const tokens = words.map((word) => {
      const kept = word.slice(0, Math.max(0, stopsAt - before))
      before += word.length
      return kept
    })
    return { tokens: tokens.filter((token) => token !== ''), stopsAt }
  }

  #finish(reason: 'stop' | 'length'): void {
    const metrics = this.#metrics()
    this.#buffer.push({ type: 'finished', reason, metrics })
    this.#conclude({ how: 'finished', reason, metrics }, null)
  }

  #conclude(end: RunEnd, error: BackendError | null): void {
    if (this.#over) return
    this.#over = true
    this.#timer?.[Symbol.dispose]()
    this.#listeners.clear()
    this.#buffer.end(error)
    this.#end.resolve(end)
  }

  #tell(progress: RunProgress): void {
    for (const listener of this.#listeners) listener(progress)
  }

  #after(ms: number, run: () => void): void {
    this.#timer = this.#clock.at(this.#clock.now() + ms, run)
  }

  #metrics(): Metrics {
    return {
      promptTokens: 1,
      cachedTokens: 0,
      promptMs: this.#model.promptMs ?? 0,
      decodedTokens: this.#decoded,
      decodeMs: this.#clock.now() - this.#startedAt,
    }
  }
}

function promptOf(job: Job): string {
  if (job.kind === 'embed') return ''
  return job.prompt.kind === 'raw' ? job.prompt.text : (job.prompt.messages.at(-1)?.content ?? '')
}

function wordsOf(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length
}
