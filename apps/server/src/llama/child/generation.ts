import {
  AnswerReader,
  forcedCall,
  markersOf,
  StopStrings,
  type AnswerFormat,
  type AnswerPart,
} from '@berth/protocol'
import type { FinishReason, GenerateJob, Metrics, Piece, RunProgress, TokenLogprob } from '@berth/scheduler'
import type { ChatModel, ChatSlot } from './chat-model.js'
import type { ParkedState } from '../protocol.js'
import { acceptTokens, asTokens, decodeAndSample, decodeOnly, nativeGrammarState } from './internals.js'
import { promptTokens } from './prompt.js'
import { Sampler, type Sampled } from './sampler.js'
import { isRepeatable, samplerConfig } from './sampling.js'
import { commonPrefix, nextChunk, reusable, shifted } from './slots.js'
import { newCallId } from './call-id.js'
import { TokenTextDecoder } from './text-decoder.js'

/** Where a job tells what it does. */
export interface Told {
  piece(piece: Piece): void
  progress(progress: RunProgress): void
}

/** Tokens between two reports of progress while decoding. */
const REPORT_EVERY = 8

/**
 * One job from its prompt to its end, in one slot or, when it is parked between, in several. Everything that
 * must survive parking is here: the tokens, the sampler's state, text that is held back.
 */
export class Generation {
  readonly #model: ChatModel
  readonly #job: GenerateJob
  readonly #prompt: readonly number[]
  readonly #answer: number[] = []
  /** What the context should hold: prompt and answer, less what was shifted out. */
  #context: number[]
  readonly #sampler: Sampler
  readonly #decoder: TokenTextDecoder
  readonly #stops: StopStrings
  readonly #reader: AnswerReader
  /** Tokens, and their scores, whose text is not out yet. */
  #unsaid = 0
  #logprobs: TokenLogprob[] = []
  #cached = 0
  #promptMs = 0
  #decodeMs = 0
  /** Evaluated tokens when it was parked; null before that. */
  #parkedAt: number | null = null
  #wish: 'cancel' | 'park' | null = null
  #steps = 0
  /** Steps that were done when it was last interrupted. */
  #askedAt = 0
  #reason: FinishReason | null = null
  #calls = 0

  private constructor(
    model: ChatModel,
    job: GenerateJob,
    prompt: readonly number[],
    reading: { readonly stop: readonly string[]; readonly answer: AnswerFormat },
    sampler: Sampler,
  ) {
    this.#model = model
    this.#job = job
    this.#prompt = prompt
    this.#context = [...prompt]
    this.#sampler = sampler
    this.#decoder = new TokenTextDecoder(model.detokenizer(markersOf(reading.answer)), prompt)
    this.#stops = new StopStrings(reading.stop)
    const tools = job.prompt.kind === 'messages' ? (job.prompt.tools ?? []) : []
    this.#reader = new AnswerReader(
      reading.answer,
      tools.map(({ name }) => name),
    )
  }

  /**
   * @param state a job that another child has parked. Its random numbers begin anew: exact is then only what
   *   does not depend on them.
   * @throws BackendError for a job that cannot be done.
   */
  static async prepare(model: ChatModel, job: GenerateJob, state?: ParkedState): Promise<Generation> {
    const startedAt = performance.now()
    const fresh = promptTokens(job, model.tokenizer, model.limit)
    const forced = forcedCall(job.prompt)
    const format = job.format ?? forced?.format
    const form = format === undefined ? null : await model.grammars.form(format)
    if (form !== null) acceptTokens(model.model, form.state, state?.answer ?? [])
    const grammar = form === null ? undefined : nativeGrammarState(form.state)
    const prompt = state?.prompt ?? fresh.tokens
    const history = [...prompt, ...(state?.answer ?? [])]
    const config = samplerConfig(job.sampling, history, model.limit, grammar)
    const sampler = new Sampler(model.model, config, job.logprobs?.top ?? null)
    const stop = [...job.stop, ...fresh.stop, ...(form?.stop ?? [])]
    const generation = new Generation(
      model,
      job,
      prompt,
      { stop, answer: forced?.answer ?? fresh.answer },
      sampler,
    )
    if (state !== undefined) generation.#resume(state)
    // Making tokens of the prompt is part of reading it.
    generation.#promptMs += performance.now() - startedAt
    return generation
  }

  /** What it would like to find in its slot. */
  get tokens(): readonly number[] {
    return this.#context
  }

  get metrics(): Metrics {
    return {
      promptTokens: this.#prompt.length,
      cachedTokens: this.#cached,
      promptMs: this.#promptMs,
      decodedTokens: this.#answer.length,
      decodeMs: this.#decodeMs,
    }
  }

  /** What another child needs to go on with it. */
  get state(): ParkedState {
    const { metrics } = this
    return { prompt: this.#prompt, answer: this.#answer, context: this.#context, metrics }
  }

  /** Takes effect at the next border: of a prompt's chunk, or of a token. A cancellation outweighs parking. */
  interrupt(wish: 'cancel' | 'park'): void {
    if (this.#wish === null) this.#askedAt = this.#steps
    if (this.#wish !== 'cancel') this.#wish = wish
  }

  /** Runs in the slot until it ends or is interrupted; says which. */
  async runIn(
    slot: ChatSlot,
    told: Told,
    parkedFile: string | null,
  ): Promise<'finished' | 'cancel' | 'park'> {
    const { batching } = this.#model
    let since = performance.now()
    const count = (): void => {
      const now = performance.now()
      if (this.#answer.length === 0) this.#promptMs += now - since
      else this.#decodeMs += now - since
      since = now
    }
    await this.#settleIn(slot, parkedFile)
    if (this.#answer.length === 0) {
      // What is remembered of an earlier prompt: what follows is computed.
      told.progress({ phase: 'prompt', tokens: slot.sequence.nextTokenIndex, of: this.#context.length })
    }
    batching.enter()
    try {
      for (;;) {
        const pause = batching.turn()
        if (pause !== undefined) await pause
        if (this.#wish !== null) return this.#leave(slot, this.#wish)
        if (this.#answer.length >= (this.#job.maxTokens ?? Infinity)) return this.#finish('length', told)
        const sampled = await this.#step(slot, told)
        this.#steps++
        if (sampled === null) continue
        count()
        const reason = this.#take(sampled, told)
        if (reason !== null) return this.#finish(reason, told)
        if (this.#context.length > this.#model.limit) {
          if (this.#job.overflow.answer === 'stop') return this.#finish('length', told)
          await this.#shift(slot)
        }
      }
    } finally {
      count()
      batching.leave()
    }
  }

  /** Steps that have ended since it was last interrupted. */
  get waited(): number {
    return this.#steps - this.#askedAt
  }

  /** Frees what the engine holds for it. It cannot run again. */
  dispose(): void {
    this.#sampler.dispose()
  }

  /** Says to itself what was said already: what is held back is held back again. */
  #resume({ answer, context, metrics }: ParkedState): void {
    for (const token of answer) {
      this.#unsaid++
      const parts = this.#reader.push(this.#stops.push(this.#decoder.push(token)).emit)
      this.#calls += parts.filter(({ type }) => type === 'tool-call').length
      if (parts.length > 0) this.#unsaid = 0
    }
    this.#answer.push(...answer)
    this.#context = [...context]
    this.#cached = metrics.cachedTokens
    this.#promptMs = metrics.promptMs
    this.#decodeMs = metrics.decodeMs
    this.#parkedAt = context.length
  }

  /** Has the slot hold as much of the context as it can, and nothing else. */
  async #settleIn({ sequence }: ChatSlot, parkedFile: string | null): Promise<void> {
    const { batching } = this.#model
    const common = commonPrefix(sequence.contextTokens, this.#context)
    if (this.#parkedAt !== null) {
      if (parkedFile === null || common >= this.#parkedAt) {
        // The last token is never in the cache alone: its logits are wanted.
        await this.#cutTo(
          sequence,
          this.#context.slice(0, Math.min(common, this.#parkedAt, this.#context.length - 1)),
        )
      } else {
        await batching.whilePaused(() => sequence.loadStateFromFile(parkedFile, { acceptRisk: true }))
      }
      return
    }
    const keep = reusable(common, this.#context.length, isRepeatable(this.#job.sampling))
    await this.#cutTo(sequence, this.#context.slice(0, keep))
    // The engine may have had to drop more than it was asked to (windowed attention, recurrent layers).
    this.#cached = sequence.nextTokenIndex
  }

  async #cutTo(sequence: ChatSlot['sequence'], tokens: number[]): Promise<void> {
    const holds = sequence.nextTokenIndex
    if (holds === tokens.length || (holds < tokens.length && holds === 0)) return
    await this.#model.batching.whilePaused(() => sequence.adaptStateToTokens(asTokens(tokens), false))
  }

  /** Feeds a chunk of the prompt (and gives null), or the last of it or the last token, and draws the next. */
  async #step({ id, sequence }: ChatSlot, told: Told): Promise<Sampled | null> {
    const done = sequence.nextTokenIndex
    const { length } = this.#context
    const end = done + nextChunk(done, length, this.#model.chunk)
    const tokens = this.#context.slice(done, end)
    if (end === length) return decodeAndSample(sequence, tokens, id, this.#sampler.sample)
    await decodeOnly(sequence, tokens, id)
    told.progress({ phase: 'prompt', tokens: end, of: length })
    return null
  }

  /** Takes a drawn token in; says why the answer ends with it, if it does. */
  #take(sampled: Sampled, told: Told): FinishReason | null {
    const { token } = sampled
    if (this.#model.isEnd(token)) return 'stop'
    this.#answer.push(token)
    this.#context.push(token)
    this.#unsaid++
    if (sampled.scores !== undefined) this.#logprobs.push(this.#model.logprob(token, sampled.scores))
    const { emit, stopped } = this.#stops.push(this.#decoder.push(token))
    if (emit !== '') this.#say(this.#reader.push(emit), told)
    if (stopped) return 'stop'
    if (this.#answer.length % REPORT_EVERY === 1) {
      told.progress({ phase: 'decode', tokens: this.#answer.length })
    }
    return null
  }

  #say(parts: readonly AnswerPart[], told: Told): void {
    for (const part of parts) {
      if (part.type === 'tool-call') {
        this.#calls += 1
        told.piece({ type: 'tool-call', call: { id: newCallId(), ...part.call } })
      } else {
        const scored = part.type === 'text' && this.#job.logprobs !== undefined
        told.piece({ ...part, tokens: this.#unsaid, ...(scored ? { logprobs: this.#logprobs } : {}) })
      }
      this.#unsaid = 0
      this.#logprobs = []
    }
  }

  #finish(reason: FinishReason, told: Told): 'finished' {
    this.#say([...this.#reader.push(this.#stops.flush()), ...this.#reader.flush()], told)
    this.#reason = reason === 'stop' && this.#calls > 0 ? 'tool-calls' : reason
    return 'finished'
  }

  /** The last piece, once the run has come to its end. */
  get finishedPiece(): Extract<Piece, { type: 'finished' }> {
    const context = this.#job.returnTokens === true ? { context: [...this.#prompt, ...this.#answer] } : {}
    const { found } = this.#stops
    // A stop that the prompt's form brought with it is nobody's wish.
    const stopText = found !== null && this.#job.stop.includes(found) ? { stopText: found } : {}
    return {
      type: 'finished',
      reason: this.#reason ?? 'stop',
      metrics: this.metrics,
      ...context,
      ...stopText,
    }
  }

  #leave({ sequence }: ChatSlot, wish: 'cancel' | 'park'): 'cancel' | 'park' {
    this.#wish = null
    if (wish === 'park') this.#parkedAt = sequence.nextTokenIndex
    return wish
  }

  /** Forgets the older half of what may be forgotten. */
  async #shift({ sequence }: ChatSlot): Promise<void> {
    const { batching, limit, tokenizer } = this.#model
    const begins = this.#context[0] === tokenizer.begin ? 1 : 0
    const range = shifted(limit, Math.max(this.#job.overflow.keep ?? 0, begins))
    batching.leave()
    try {
      await batching.whilePaused(() => sequence.eraseContextTokenRanges([range]))
    } finally {
      batching.enter()
    }
    this.#context.splice(range.start, range.end - range.start)
  }
}
