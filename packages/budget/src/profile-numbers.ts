import type { EngineFacts } from './engine-facts.js'
import type { GgufProfile, WeightBytes } from './memory-profile.js'
import { ProfileError } from './profile-error.js'
import type { Bytes, Tokens } from './units.js'

/** A model of Llama's kind by the figures that stand on its card, where there is no file to read. */
export interface ModelNumbers {
  readonly layers: number
  readonly kvHeads: number
  /** Numbers of one head. */
  readonly headSize: number
  /** Numbers a token between the layers. */
  readonly hidden: number
  readonly vocabulary: number
  /** Of all tensors together. */
  readonly weights: Bytes
  /** Query heads; absent: as many as fill the hidden size. */
  readonly heads?: number
  /** Width of the feed-forward network; absent: three and a half hidden sizes, as in Llama 3. */
  readonly feedForward?: number
  /** Tokens it was made for; absent: not known. */
  readonly context?: Tokens
  /** Of the token embeddings and of the output layer; absent: their share of the parameters. */
  readonly inputBytes?: Bytes
  readonly outputBytes?: Bytes
  /** Whether the embeddings serve as the output layer too. */
  readonly tiedOutput?: boolean
}

type Limit = { readonly least?: number; readonly most: number }

/** A figure beyond these is a slip of the keyboard, and not to be allocated for. */
const LIMITS: readonly (readonly [keyof Omit<ModelNumbers, 'tiedOutput'>, Limit])[] = [
  ['layers', { most: 4_096 }],
  ['kvHeads', { most: 4_096 }],
  ['headSize', { most: 65_536 }],
  ['hidden', { most: 1_048_576 }],
  ['vocabulary', { most: 16_777_216 }],
  ['weights', { most: 2 ** 50 }],
  ['heads', { most: 4_096 }],
  ['feedForward', { most: 4_194_304 }],
  ['context', { most: 2 ** 30 }],
  ['inputBytes', { least: 0, most: 2 ** 50 }],
  ['outputBytes', { least: 0, most: 2 ** 50 }],
]

const NOTHING: WeightBytes = { bytes: 0, repackable: 0, repacked: 0 }

/** How many weights a model of these figures has: embeddings, attention and a gated feed-forward network. */
export function parametersOf(numbers: Omit<ModelNumbers, 'weights'>): number {
  const { layers, kvHeads, headSize, hidden, vocabulary, tiedOutput = false } = numbers
  const { heads, feedForward } = widths(numbers)
  const attention = 2 * hidden * heads * headSize + 2 * hidden * kvHeads * headSize
  return vocabulary * hidden * (tiedOutput ? 1 : 2) + layers * (attention + 3 * hidden * feedForward)
}

/**
 * What a model of these figures needs, its layers alike. KV cache and compute buffers are as exact as by its file;
 * the weights of a layer are an even share.
 * @throws ProfileError that names the figure, its value and what would be right.
 */
export function profileFromNumbers(numbers: ModelNumbers, engine: EngineFacts): GgufProfile {
  check(numbers)
  const { layers, kvHeads, headSize, hidden, vocabulary, weights, tiedOutput = false } = numbers
  const { heads, feedForward } = widths(numbers)
  const parameters = parametersOf(numbers)
  const table = Math.round((weights * vocabulary * hidden) / parameters)
  const input = Math.min(weights, numbers.inputBytes ?? table)
  const output = Math.min(weights - input, numbers.outputBytes ?? (tiedOutput ? 0 : table))
  const inLayers = weights - input - output
  const each = Math.floor(inLayers / layers)
  const kv = { k: kvHeads * headSize, v: kvHeads * headSize, window: null }
  return {
    kind: 'gguf',
    architecture: 'llama',
    trainedContext: numbers.context ?? null,
    layers: Array.from({ length: layers }, (_, layer) => ({
      // The first one has what the division leaves, so that the sum is the model's to the byte.
      weights: { ...NOTHING, bytes: layer === 0 ? inLayers - each * (layers - 1) : each },
      kv,
      stateBytesPerSlot: 0,
    })),
    input: { ...NOTHING, bytes: input },
    output: { ...NOTHING, bytes: output },
    tiedOutput: tiedOutput ? { ...NOTHING, bytes: input } : null,
    parameters,
    graph: {
      embedding: hidden,
      vocabulary,
      feedForward,
      heads,
      queries: heads * headSize,
      keyValues: kvHeads * headSize,
      values: heads * headSize,
      experts: null,
      largestMatrix: Math.ceil((weights * hidden * Math.max(feedForward, heads * headSize)) / parameters),
      hasCache: true,
      window: null,
    },
    engine,
    mmap: engine.mmap !== false,
  }
}

function widths({ headSize, hidden, heads, feedForward }: Omit<ModelNumbers, 'weights'>): {
  readonly heads: number
  readonly feedForward: number
} {
  return {
    heads: heads ?? Math.max(1, Math.floor(hidden / headSize)),
    feedForward: feedForward ?? Math.round(hidden * 3.5),
  }
}

function check(numbers: ModelNumbers): void {
  for (const [name, { least = 1, most }] of LIMITS) {
    const value = numbers[name]
    if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) continue
    throw new ProfileError(`Expected ${name} to be a whole number from ${least} to ${most}, got ${value}`)
  }
}
