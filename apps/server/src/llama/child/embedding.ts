import { BackendError, type EmbedJob, type Metrics } from '@berth/scheduler'
import type { LlamaEmbeddingContext, LlamaModel } from 'node-llama-cpp'
import type { Told } from './generation.js'

/** One embedding job in one of the engine's embedding contexts, text after text. */
export class Embedding {
  readonly #model: LlamaModel
  readonly #context: LlamaEmbeddingContext
  readonly #job: EmbedJob
  /** Most tokens of one text; the job may want fewer. */
  readonly #limit: number
  #cancelled = false
  #tokens = 0
  #ms = 0

  constructor(model: LlamaModel, context: LlamaEmbeddingContext, job: EmbedJob, limit: number) {
    this.#model = model
    this.#context = context
    this.#job = job
    this.#limit = limit
  }

  get metrics(): Metrics {
    return { promptTokens: this.#tokens, cachedTokens: 0, promptMs: this.#ms, decodedTokens: 0, decodeMs: 0 }
  }

  /** Takes effect before the next text. */
  cancel(): void {
    this.#cancelled = true
  }

  /** @throws BackendError for a text that is empty or too long. */
  async run(told: Told): Promise<'finished' | 'cancel'> {
    const begun = performance.now()
    for (const [index, input] of this.#job.inputs.entries()) {
      if (this.#cancelled) return 'cancel'
      const tokens = this.#fit(input, index)
      const { vector } = await this.#context.getEmbeddingFor(tokens)
      const count = this.#context.calculateInputLength(tokens)
      this.#tokens += count
      this.#ms = performance.now() - begun
      told.piece({ type: 'embedding', index, vector, tokens: count })
      told.progress({ phase: 'prompt', tokens: index + 1, of: this.#job.inputs.length })
    }
    if (this.#cancelled) return 'cancel'
    told.piece({ type: 'finished', reason: 'stop', metrics: this.metrics })
    return 'finished'
  }

  #fit(input: string, index: number): ReturnType<LlamaModel['tokenize']> {
    const tokens = this.#model.tokenize(input, false, 'trimLeadingSpace')
    if (tokens.length === 0) {
      throw new BackendError(
        'bad-job',
        `Expected input ${index} to be a text with something in it, got an empty one`,
      )
    }
    const length = this.#context.calculateInputLength(tokens)
    const limit = Math.min(this.#limit, this.#job.contextLength ?? Infinity)
    if (length <= limit) return tokens
    if (!this.#job.truncate) {
      throw new BackendError(
        'context-overflow',
        `Input ${index} has ${length} tokens, but the context has room for ${limit}`,
      )
    }
    // The tokens that the model wants around a text stay.
    const left = tokens.length - (length - limit)
    if (left < 1) {
      throw new BackendError(
        'context-overflow',
        `input after truncation exceeds maximum context length: input ${index} has ${limit} tokens to be cut to, of which nothing is left for its text`,
      )
    }
    return tokens.slice(0, left)
  }
}
