import { ProfileError } from './profile-error.js'
import type { Bytes, Tokens } from './units.js'

/** A model that WebLLM runs on one GPU: nothing of it can be split off or left to the CPU. */
export interface WebLlmProfile {
  readonly kind: 'webllm'
  /** It runs one job at a time. */
  readonly maxSlots: 1
  readonly trainedContext: Tokens | null
  readonly weights: Bytes
  /** K and V of all layers; 0 for a model whose cache is as long whatever the context (a sliding window), or that has none. */
  readonly kvBytesPerToken: Bytes
  /** What does not grow with the context: compute buffers, a sliding window's cache. */
  readonly fixed: Bytes
}

/** What is known of a model. Everything but `vramMB` is from its files, and may be missing as long as they are not here. */
export interface WebLlmFacts {
  /** Names the model in errors. */
  readonly model: string
  /** As the record says it for `vramContext` tokens: all it takes, in 2^20 bytes. */
  readonly vramMB?: number
  /** The context that `vramMB` was worked out for, 4096 where a record does not override it. */
  readonly vramContext?: Tokens
  /** The longest context it can be loaded with. */
  readonly contextLength?: Tokens
  /** Tokens of a sliding window instead of a context; its cache is then no longer than that. */
  readonly slidingWindow?: Tokens
  /** Embedding models keep no KV cache; absent: it has one. */
  readonly hasCache?: boolean
  /** Of all files of weights together. */
  readonly weightBytes?: Bytes
  readonly shape?: WebLlmShape
  /** Tokens of a prompt that the library computes at a time. */
  readonly prefillChunk?: Tokens
}

/** The architecture's figures. */
export interface WebLlmShape {
  readonly layers: number
  readonly kvHeads: number
  readonly headSize: number
  readonly hidden: number
  readonly feedForward: number
  readonly vocabulary: number
  /** Bytes of a number in arithmetic and in the KV cache: 2 with 16-bit floats, else 4. */
  readonly numberBytes: 2 | 4
}

const MIB = 2 ** 20

/** For which context records say what they take, unless they override it. */
const USUAL_CONTEXT: Tokens = 4096

/**
 * Of what a record says, the share that is KV cache a token of context, where the files do not tell: from
 * the records that are there twice, with 1,024 and with 4,096 tokens (2.6e-5 to 5.5e-5 with grouped heads).
 */
const KV_SHARE = 3e-5

/** Of a GPU's memory beside what tensors say: staging buffers, uniforms, alignment. */
const FIXED_OVERHEAD: Bytes = 8 * MIB

/**
 * What a WebLLM model needs: exact in weights and KV cache where its files are known, else from what its record
 * says, corrected by the context's length.
 * @throws ProfileError where neither is known.
 */
export function profileFromWebLlm(facts: WebLlmFacts): WebLlmProfile {
  const { weightBytes, shape, slidingWindow } = facts
  const context = { kind: 'webllm', maxSlots: 1, trainedContext: facts.contextLength ?? null } as const
  const recorded = facts.vramMB === undefined ? null : count('vramMB', Math.ceil(facts.vramMB * MIB), facts)
  if (weightBytes !== undefined && shape !== undefined) {
    const perToken = kvBytesPerToken(shape)
    const window = slidingWindow === undefined ? 0 : slidingWindow * perToken
    return {
      ...context,
      weights: count('weightBytes', weightBytes, facts),
      kvBytesPerToken: slidingWindow === undefined ? perToken : 0,
      fixed: window + computeBytes(shape, facts.prefillChunk ?? USUAL_CONTEXT) + FIXED_OVERHEAD,
    }
  }
  if (recorded === null && weightBytes === undefined) {
    throw new ProfileError(`${facts.model}: expected vramMB or the sizes of its files, got neither`)
  }
  const total = recorded ?? Math.ceil((weightBytes ?? 0) * 1.2)
  const perToken = facts.hasCache === false ? 0 : Math.ceil(total * KV_SHARE)
  const included = recorded === null ? 0 : perToken * (facts.vramContext ?? USUAL_CONTEXT)
  const weights = Math.min(weightBytes ?? Infinity, Math.max(0, total - included))
  return {
    ...context,
    weights,
    kvBytesPerToken: slidingWindow === undefined ? perToken : 0,
    fixed: Math.max(0, total - included - weights) + (slidingWindow === undefined ? 0 : included),
  }
}

/** K and V of all layers. */
function kvBytesPerToken({ layers, kvHeads, headSize, numberBytes }: WebLlmShape): Bytes {
  return 2 * layers * kvHeads * headSize * numberBytes
}

/**
 * The largest buffers that live together while a chunk of the prompt is computed: the residual stream, its
 * normalised copy and attention's input and output, the feed-forward network's gate, up and product; and the
 * logits with what sampling makes of them, always in 32 bits.
 */
function computeBytes({ hidden, feedForward, vocabulary, numberBytes }: WebLlmShape, chunk: Tokens): Bytes {
  return chunk * (4 * hidden + 3 * feedForward) * numberBytes + 6 * vocabulary * 4
}

function count(field: string, value: number, { model }: WebLlmFacts): Bytes {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new ProfileError(`${model}: expected ${field} to be a count from 0, got ${value}`)
}
