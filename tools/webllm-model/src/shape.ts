import type { GgufMetadata } from '@berth/budget'
import { UnsupportedModelError } from './tool-error.js'

/** How weights are stored: in groups of 32 with 4 or 8 bits each, or as float32. */
export type Quantization = 'q4' | 'q8' | 'f32'

export const QUANTIZATIONS: readonly Quantization[] = ['q4', 'q8', 'f32']

/** Bits of a weight in the layers, and in the embedding and output matrices; 0 is float32. */
const BITS: Readonly<Record<Quantization, readonly [layers: number, embedding: number]>> = {
  // Four bits are too few where one row is one token.
  q4: [4, 8],
  q8: [8, 8],
  f32: [0, 0],
}

/** Weights that share a scale: a row is a whole number of such groups. */
const GROUP = 32

/**
 * All that a compiled library depends on, by the names that the Python side reads (`shape.py` says what they
 * mean): the same shape is served by the same library.
 */
export interface Shape {
  readonly hidden: number
  readonly inter: number
  readonly layers: number
  readonly heads: number
  readonly kv_heads: number
  readonly head_dim: number
  readonly rotary_dim: number
  readonly vocab: number
  readonly eps: number
  readonly tied: boolean
  readonly bits: number
  readonly embed_bits: number
}

/**
 * The shape of a model as its file tells it. `assertSupported` has been asked before.
 * @throws UnsupportedModelError when sizes are missing or do not fit the quantization.
 */
export function shapeOf({ values, tensors }: GgufMetadata, quantization: Quantization): Shape {
  const size = (key: string, fallback?: number): number => {
    const value = values[`llama.${key}`] ?? fallback
    if (typeof value === 'number' && value > 0) return value
    throw new UnsupportedModelError(
      `its \`llama.${key}\` is ${JSON.stringify(value ?? null)}; one number for all layers is needed`,
    )
  }
  const [bits, embedBits] = BITS[quantization]
  const hidden = size('embedding_length')
  const heads = size('attention.head_count')
  const headSize = size('attention.key_length', hidden / heads)
  const shape: Shape = {
    hidden,
    inter: size('feed_forward_length'),
    layers: size('block_count'),
    heads,
    kv_heads: size('attention.head_count_kv', heads),
    head_dim: headSize,
    rotary_dim: size('rope.dimension_count', headSize),
    vocab: tensors.find(({ name }) => name === 'token_embd.weight')?.shape[1] ?? 0,
    eps: size('attention.layer_norm_rms_epsilon'),
    tied: !tensors.some(({ name }) => name === 'output.weight'),
    bits,
    embed_bits: embedBits,
  }
  if (size('attention.value_length', headSize) !== headSize) {
    throw new UnsupportedModelError('its keys and values have different sizes')
  }
  const rows = { hidden, inter: shape.inter, 'heads · head size': heads * headSize }
  for (const [name, length] of Object.entries(rows)) {
    if (bits > 0 && length % GROUP !== 0) {
      throw new UnsupportedModelError(
        `its ${name} is ${length}, which is no multiple of ${GROUP}: only the quantization f32 can store it`,
      )
    }
  }
  return shape
}
