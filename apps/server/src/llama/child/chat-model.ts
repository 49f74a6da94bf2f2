import type { TokenLogprob } from '@berth/scheduler'
import {
  type LlamaContext,
  type LlamaContextSequence,
  type LlamaModel,
  LlamaVocabularyType,
} from 'node-llama-cpp'
import type { Batching } from './batching.js'
import { Grammars } from './grammar.js'
import { asTokens, checkInternals, tokenSpelling } from './internals.js'
import type { Tokenizer } from './prompt.js'
import type { ScoredToken } from './sampler.js'
import type { SlotView } from './slots.js'
import { type Detokenize } from './text-decoder.js'
import { type Spelling, tokenBytes } from './token-bytes.js'

/** A sequence of the engine's context, and whether a job is in it. */
export interface ChatSlot extends SlotView {
  readonly sequence: LlamaContextSequence
  busy: boolean
}

const lenientUtf8 = new TextDecoder()

/** A model that generates: what jobs need of it, in our terms. */
export class ChatModel {
  readonly model: LlamaModel
  readonly batching: Batching
  readonly grammars: Grammars
  readonly slots: readonly ChatSlot[]
  /** Tokens of prompt and answer that a slot has room for. */
  readonly limit: number
  /** Tokens of a prompt that are decoded in one go, after which the job may be interrupted. */
  readonly chunk: number
  readonly tokenizer: Tokenizer
  readonly #spelling: Spelling

  constructor(
    model: LlamaModel,
    context: LlamaContext,
    batching: Batching,
    contextLength: number,
    chunk: number,
  ) {
    this.model = model
    this.batching = batching
    this.grammars = new Grammars(model.llama, model)
    this.chunk = chunk
    // The engine keeps the last place of a sequence free.
    this.limit = Math.min(contextLength, context.contextSize - 1)
    // All at once, so that slot and sequence have the same number. A checkpoint is the engine's own way to
    // reuse prefixes where attention is windowed; few are kept, for they are not in the memory budget.
    this.slots = Array.from({ length: context.totalSequences }, (_, id) => slotOf(id, context))
    checkInternals(model, this.slots[0]!.sequence)
    const { tokens } = model
    this.tokenizer = {
      format: {
        template: chatTemplateOf(model),
        bos: tokens.bosString ?? '',
        eos: tokens.eosString ?? '',
        knowsChatMl: model.tokenize('<|im_start|>', true).length === 1,
      },
      begin: tokens.shouldPrependBosToken ? tokens.bos : null,
      infill: infillOf(model),
      vocabulary: model.fileInfo.metadata.tokenizer?.ggml?.tokens?.length ?? Infinity,
      tokenize: (text) => model.tokenize(text, true),
    }
    this.#spelling = spellingOf(model)
  }

  /** @param markers texts that are told even where the model has a special token for them, whose text is left out else. */
  detokenizer(markers: readonly string[]): Detokenize {
    const told = new Set(
      markers.flatMap((marker) => {
        const tokens = this.model.tokenize(marker, true)
        return tokens.length === 1 ? tokens : []
      }),
    )
    return (tokens, before) =>
      this.model.detokenize(
        asTokens(tokens),
        asTokens(tokens).some((token) => told.has(token)),
        asTokens(before),
      )
  }

  /** Whether the model says with this token that it is done. */
  isEnd(token: number): boolean {
    return this.model.isEogToken(asTokens([token])[0])
  }

  logprob(
    token: number,
    scores: { readonly chosen: number; readonly top: readonly ScoredToken[] },
  ): TokenLogprob {
    const top = scores.top.map(([id, logprob]) => ({ ...this.#spelled(id), logprob }))
    return { ...this.#spelled(token), logprob: scores.chosen, top }
  }

  #spelled(token: number): { readonly token: string; readonly bytes: readonly number[] } {
    const bytes = tokenBytes(tokenSpelling(this.model, token), this.#spelling)
    return { token: lenientUtf8.decode(Uint8Array.from(bytes)), bytes }
  }
}

function slotOf(id: number, context: LlamaContext): ChatSlot {
  const sequence = context.getSequence({ checkpoints: { max: 2, interval: false } })
  return {
    id,
    sequence,
    busy: false,
    get tokens() {
      return sequence.contextTokens
    },
  }
}

function infillOf({ tokens }: LlamaModel): Tokenizer['infill'] {
  const { prefix, suffix, middle } = tokens.infill
  return prefix === null || suffix === null || middle === null ? null : { prefix, suffix, middle }
}

function chatTemplateOf(model: LlamaModel): string | null {
  const template: unknown = model.fileInfo.metadata.tokenizer?.chat_template
  return typeof template === 'string' && template !== '' ? template : null
}

function spellingOf({ vocabularyType }: LlamaModel): Spelling {
  if (vocabularyType === LlamaVocabularyType.bpe) return 'byte-level'
  return vocabularyType === LlamaVocabularyType.wpm ? 'plain' : 'sentencepiece'
}
