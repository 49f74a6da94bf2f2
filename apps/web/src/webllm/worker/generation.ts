import type { AnswerPart } from '@berth/protocol'
import { BackendError } from '@berth/scheduler'
import type {
  FinishReason,
  GenerateJob,
  Message,
  Metrics,
  Piece,
  RunProgress,
  TokenLogprob,
} from '@berth/scheduler'
import type { ChatCompletionChunk, Completion, MLCEngine } from '@mlc-ai/web-llm'
import type { Outcome, ParkedState } from '../protocol.js'
import { AnswerText } from './answer-text.js'
import { runError } from './errors.js'
import { fitMessages, fitRaw } from './fit-prompt.js'
import type { InputData, Pipeline, Steps } from './internals.js'
import { LogitsTap } from './logits-tap.js'
import { answerFormatOf, beginOf, stopsOf } from './model-habits.js'
import { chatRequest, checkJob, messagesOf, samplingOf } from './request.js'
import { speller } from './spell.js'

/** Where a run tells what it does. */
export type Tell = (pieces: readonly Piece[], progress: RunProgress) => void

/** What a run must know of its model. */
export interface LoadedModel {
  readonly engine: MLCEngine
  readonly pipeline: Pipeline
  readonly id: string
  readonly seesImages: boolean
}

/** Thrown in the middle of a prompt. */
class Interrupted extends Error {}

/** The prompt's tokens are more than the context takes. */
class TooLong extends Error {
  constructor(readonly tokens: number) {
    super(`${tokens} tokens`)
  }
}

/** One job, from its prompt to its end or until it is set aside. */
export class Generation implements Steps {
  readonly #model: LoadedModel
  readonly #job: GenerateJob
  readonly #tell: Tell
  readonly #from: ParkedState | null
  readonly #tap: LogitsTap | null
  readonly #text: AnswerText
  readonly #begunAt = performance.now()
  #wish: 'cancel' | 'park' | null = null
  #prompt: readonly number[] = []
  #promptTokens = 0
  #cached = 0
  #decoded = 0
  #firstTokenAt: number | null = null
  /** Tokens, and their scores, whose text is not out yet. */
  #unsaid = 0
  #logprobs: TokenLogprob[] = []
  #pieces: Piece[] = []
  #reason: FinishReason = 'stop'
  /** The generator's state when the run was interrupted: WebLLM seeds it anew on its way out. */
  #random: number | null = null

  /** @throws BackendError for a job that cannot be done. */
  constructor(model: LoadedModel, job: GenerateJob, tell: Tell, from: ParkedState | null) {
    checkJob(job, model.seesImages)
    this.#model = model
    this.#job = job
    this.#tell = tell
    this.#from = from
    this.#tap = LogitsTap.needed(job.sampling, job.logprobs)
      ? new LogitsTap(job.sampling, job.logprobs?.top ?? null, speller(model.pipeline))
      : null
    this.#text = new AnswerText([...job.stop, ...stopsOf(model.pipeline)], answerFormatOf(model, job))
  }

  /** Takes effect at the next border: of a prompt's chunk, or of a token. A cancellation outweighs parking. */
  interrupt(wish: 'cancel' | 'park'): void {
    if (this.#wish !== 'cancel') this.#wish = wish
  }

  /** Never rejects. Whatever happens, the next run finds the pipeline in order. */
  async run(): Promise<Outcome> {
    const { pipeline } = this.#model
    let clean = false
    try {
      if (this.#wish !== null) return this.#interrupted(this.#wish)
      pipeline.logitProcessor = this.#tap ?? undefined
      await (this.#job.prompt.kind === 'raw' || this.#from !== null ? this.#complete() : this.#chat())
      if (this.#wish !== null && !this.#ended()) return this.#interrupted(this.#wish)
      // Only an answer that the model ended by itself is whole in the KV cache.
      clean = this.#reason === 'stop' && !this.#text.stopped
      return this.#finished()
    } catch (error) {
      if (error instanceof Interrupted && this.#wish !== null) return this.#interrupted(this.#wish)
      return { how: 'failed', error: runError(this.#tooLong(error)), metrics: this.#metrics() }
    } finally {
      pipeline.logitProcessor = undefined
      if (!clean) pipeline.resetChat()
    }
  }

  prompt(input: InputData): InputData {
    const { pipeline } = this.#model
    const changed = this.#replaced() ?? input
    const [parts, length] = changed
    this.#cached = pipeline.filledKVCacheLength
    this.#promptTokens = this.#cached + length
    if (this.#promptTokens > pipeline.contextWindowSize) throw new TooLong(this.#promptTokens)
    this.#prompt = parts.flatMap((part) => (isTokens(part) ? part : []))
    this.#resume()
    return changed
  }

  beforeChunk(): void {
    if (this.#wish !== null) this.#leavePrompt()
  }

  afterChunk(done: number): void {
    this.#tell([], { phase: 'prompt', tokens: this.#cached + done, of: this.#promptTokens })
    if (this.#wish !== null) this.#leavePrompt()
  }

  token(_id: number, stops: boolean): void {
    const { pipeline } = this.#model
    this.#firstTokenAt ??= performance.now()
    this.#decoded += 1
    if (!stops) {
      this.#unsaid += 1
      const scored = this.#tap?.last ?? null
      if (scored !== null) this.#logprobs.push(scored)
    }
    this.#say(this.#text.grow(pipeline.outputMessage))
    const pieces = this.#pieces.splice(0)
    this.#tell(pieces, { phase: 'decode', tokens: this.#decodedInAll() })
    if (!this.#text.stopped && this.#wish === null) return
    this.#random = pipeline.getRNGState() ?? null
    pipeline.triggerStop()
  }

  #leavePrompt(): never {
    this.#random = this.#model.pipeline.getRNGState() ?? null
    throw new Interrupted()
  }

  /** By the chat template. The oldest turns are left out where the job wants that. */
  async #chat(): Promise<void> {
    const { engine, pipeline } = this.#model
    const all = messagesOf(this.#job)
    const attempt = async (messages: readonly Message[]): Promise<number | null> => {
      try {
        await this.#read(await engine.chat.completions.create(chatRequest(this.#job, messages)))
        return null
      } catch (error) {
        if (!(error instanceof TooLong) || this.#job.overflow.prompt === 'fail') throw error
        pipeline.resetChat()
        return error.tokens
      }
    }
    await fitMessages(
      all,
      pipeline.contextWindowSize,
      attempt,
      (text) => pipeline.tokenizer.encode(text).length,
      (tokens) => new TooLong(tokens),
    )
  }

  /** By tokens as they stand: of a raw prompt, or of a job that goes on. */
  async #complete(): Promise<void> {
    const { seed, ...settings } = samplingOf(this.#job)
    await this.#read(
      await this.#model.engine.completions.create({
        // The tokens take its place when WebLLM asks for them (`prompt`).
        prompt: '',
        stream: true,
        ...settings,
        ...(seed === undefined || this.#from !== null ? {} : { seed }),
      }),
    )
  }

  async #read(chunks: AsyncIterable<ChatCompletionChunk | Completion>): Promise<void> {
    for await (const { choices } of chunks) {
      const reason = choices[0]?.finish_reason
      if (reason === 'length') this.#reason = 'length'
    }
  }

  /** Tokens instead of WebLLM's own; null where its own are right. */
  #replaced(): InputData | null {
    const { pipeline } = this.#model
    const { prompt, overflow } = this.#job
    if (this.#from !== null && this.#from.prompt.length > 0) {
      const tokens = [...this.#from.prompt, ...this.#from.answer]
      return [[tokens], tokens.length, () => 0]
    }
    if (prompt.kind !== 'raw') return null
    const text = [...pipeline.tokenizer.encode(prompt.text)]
    const begin = beginOf(pipeline)
    const tokens = prompt.after === undefined ? [...begin, ...text] : [...prompt.after, ...text]
    if (tokens.length === 0) throw new BackendError('bad-job', 'Expected a prompt, got an empty text')
    const keep = Math.max(overflow.keep ?? 0, begin.length)
    const fitting = overflow.prompt === 'fail' ? tokens : fitRaw(tokens, pipeline.contextWindowSize, keep)
    return [[[...fitting]], fitting.length, () => 0]
  }

  /** Puts back what the pipeline knew of the answer when the job was set aside. */
  #resume(): void {
    const from = this.#from
    if (from === null || from.prompt.length === 0) return
    const { pipeline } = this.#model
    this.#prompt = from.prompt
    for (const token of from.answer) {
      pipeline.outputIds.push(token)
      pipeline.appearedTokensFreq.set(token, (pipeline.appearedTokensFreq.get(token) ?? 0) + 1)
    }
    if (from.random !== null) pipeline.setRNGState(from.random)
    this.#text.skip(pipeline.tokenizer.decode(Int32Array.from(from.answer)), from.released)
  }

  #say(parts: readonly AnswerPart[]): void {
    for (const part of parts) {
      if (part.type === 'tool-call') continue
      const tokens = this.#unsaid
      this.#unsaid = 0
      const logprobs = this.#logprobs.splice(0)
      this.#pieces.push(
        part.type === 'text' && logprobs.length > 0
          ? { type: 'text', text: part.text, tokens, logprobs }
          : { type: part.type, text: part.text, tokens },
      )
    }
  }

  /** Whether the answer was over before the interruption took effect. */
  #ended(): boolean {
    return this.#text.stopped || this.#model.pipeline.finishReason !== 'abort'
  }

  #finished(): Outcome {
    const { pipeline } = this.#model
    this.#say(this.#text.end(pipeline.outputMessage))
    // Scores of tokens without any text are not lost.
    if (this.#logprobs.length > 0) this.#say([{ type: 'text', text: '' }])
    const metrics = this.#metrics()
    const reason = this.#text.stopped ? 'stop' : this.#reason
    const context =
      this.#job.returnTokens === true ? { context: [...this.#prompt, ...pipeline.outputIds] } : {}
    this.#tell([...this.#pieces.splice(0), { type: 'finished', reason, metrics, ...context }], {
      phase: 'decode',
      tokens: this.#decodedInAll(),
    })
    return { how: 'finished', reason, metrics }
  }

  #interrupted(wish: 'cancel' | 'park'): Outcome {
    const metrics = this.#metrics()
    if (wish === 'cancel') return { how: 'cancelled', metrics }
    const { pipeline } = this.#model
    const began = this.#firstTokenAt !== null
    const state: ParkedState = {
      prompt: this.#prompt,
      answer: began ? [...pipeline.outputIds] : (this.#from?.answer ?? []),
      released: began ? this.#text.released : (this.#from?.released ?? 0),
      random: this.#random,
      metrics,
    }
    return { how: 'parked', metrics, state: this.#prompt.length === 0 ? (this.#from ?? state) : state }
  }

  #decodedInAll(): number {
    return this.#decoded + (this.#from?.metrics.decodedTokens ?? 0)
  }

  /** Over the whole job, whatever it was parked between. */
  #metrics(): Metrics {
    const now = performance.now()
    const before = this.#from?.metrics
    const promptEnd = this.#firstTokenAt ?? now
    return {
      promptTokens: before?.promptTokens ?? this.#promptTokens,
      cachedTokens: before?.cachedTokens ?? this.#cached,
      promptMs: promptEnd - this.#begunAt + (before?.promptMs ?? 0),
      decodedTokens: this.#decodedInAll(),
      decodeMs: now - promptEnd + (before?.decodeMs ?? 0),
    }
  }

  #tooLong(error: unknown): unknown {
    if (!(error instanceof TooLong)) return error
    const { contextWindowSize } = this.#model.pipeline
    return new BackendError(
      'context-overflow',
      `The prompt has ${error.tokens} tokens, but the context has room for ${contextWindowSize}`,
    )
  }
}

function isTokens(part: readonly number[] | object): part is readonly number[] {
  return Array.isArray(part)
}
