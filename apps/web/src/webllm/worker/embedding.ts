import { BackendError, type Metrics, type Piece, type RunProgress } from '@berth/scheduler'
import type { MLCEngine } from '@mlc-ai/web-llm'
import type { Outcome } from '../protocol.js'
import { runError } from './errors.js'
import type { EmbeddingPipeline } from './internals.js'

/** Vectors of texts, one after the other: a cancel is heard between two. */
export class Embedding {
  readonly #engine: MLCEngine
  readonly #pipeline: EmbeddingPipeline
  readonly #work: { readonly inputs: readonly string[]; readonly truncate: boolean }
  readonly #tell: (pieces: readonly Piece[], progress: RunProgress) => void
  readonly #begunAt = performance.now()
  #cancelled = false
  #tokens = 0

  constructor(
    engine: MLCEngine,
    pipeline: EmbeddingPipeline,
    work: { readonly inputs: readonly string[]; readonly truncate: boolean },
    tell: (pieces: readonly Piece[], progress: RunProgress) => void,
  ) {
    this.#engine = engine
    this.#pipeline = pipeline
    this.#work = work
    this.#tell = tell
  }

  interrupt(): void {
    this.#cancelled = true
  }

  /** Never rejects. */
  async run(): Promise<Outcome> {
    try {
      const inputs = this.#work.inputs.map((text) => this.#tokensOf(text))
      const total = inputs.reduce((sum, tokens) => sum + tokens.length, 0)
      for (const [index, tokens] of inputs.entries()) {
        if (this.#cancelled) return { how: 'cancelled', metrics: this.#metrics() }
        const { data } = await this.#engine.embeddings.create({ input: [tokens] })
        this.#tokens += tokens.length
        this.#tell([{ type: 'embedding', index, vector: data[0]!.embedding, tokens: tokens.length }], {
          phase: 'prompt',
          tokens: this.#tokens,
          of: total,
        })
      }
      const metrics = this.#metrics()
      this.#tell([{ type: 'finished', reason: 'stop', metrics }], {
        phase: 'prompt',
        tokens: total,
        of: total,
      })
      return { how: 'finished', reason: 'stop', metrics }
    } catch (error) {
      return { how: 'failed', error: runError(error), metrics: this.#metrics() }
    }
  }

  /** Models of BERT's kind read a text between two marks, which WebLLM leaves to its caller. */
  #tokensOf(text: string): number[] {
    const { tokenizer, contextWindowSize: limit } = this.#pipeline
    const [begin, end] = ['[CLS]', '[SEP]'].map((mark) => [...tokenizer.encode(mark)])
    const marked = begin?.length === 1 && end?.length === 1
    const tokens = [...tokenizer.encode(text)]
    const most = marked ? limit - 2 : limit
    if (tokens.length > most && !this.#work.truncate) {
      throw new BackendError(
        'context-overflow',
        `An input has ${tokens.length} tokens, but there is room for ${most}`,
      )
    }
    if (tokens.length === 0 && !marked)
      throw new BackendError('bad-job', 'Expected a text to embed, got an empty one')
    const cut = tokens.slice(0, most)
    return marked ? [...begin, ...cut, ...end] : cut
  }

  #metrics(): Metrics {
    return {
      promptTokens: this.#tokens,
      cachedTokens: 0,
      promptMs: performance.now() - this.#begunAt,
      decodedTokens: 0,
      decodeMs: 0,
    }
  }
}
