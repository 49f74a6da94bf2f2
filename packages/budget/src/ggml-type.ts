import { ProfileError } from './profile-error.js'
import type { Bytes, KvType } from './units.js'

interface Block {
  /** Elements that are stored together; a row is a whole number of blocks. */
  readonly elements: number
  readonly bytes: Bytes
}

/** Block sizes of ggml's types (`type_traits` in ggml.c and the block structs in ggml-common.h). */
const BLOCKS: Readonly<Record<string, Block>> = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  F64: { elements: 1, bytes: 8 },
  I8: { elements: 1, bytes: 1 },
  I16: { elements: 1, bytes: 2 },
  I32: { elements: 1, bytes: 4 },
  I64: { elements: 1, bytes: 8 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q5_0: { elements: 32, bytes: 22 },
  Q5_1: { elements: 32, bytes: 24 },
  Q8_0: { elements: 32, bytes: 34 },
  Q8_1: { elements: 32, bytes: 36 },
  Q2_K: { elements: 256, bytes: 84 },
  Q3_K: { elements: 256, bytes: 110 },
  Q4_K: { elements: 256, bytes: 144 },
  Q5_K: { elements: 256, bytes: 176 },
  Q6_K: { elements: 256, bytes: 210 },
  Q8_K: { elements: 256, bytes: 292 },
  IQ1_S: { elements: 256, bytes: 50 },
  IQ1_M: { elements: 256, bytes: 56 },
  IQ2_XXS: { elements: 256, bytes: 66 },
  IQ2_XS: { elements: 256, bytes: 74 },
  IQ2_S: { elements: 256, bytes: 82 },
  IQ3_XXS: { elements: 256, bytes: 98 },
  IQ3_S: { elements: 256, bytes: 110 },
  IQ4_NL: { elements: 32, bytes: 18 },
  IQ4_XS: { elements: 256, bytes: 136 },
  TQ1_0: { elements: 256, bytes: 54 },
  TQ2_0: { elements: 256, bytes: 66 },
  MXFP4: { elements: 32, bytes: 17 },
  NVFP4: { elements: 64, bytes: 36 },
}

/** The tensor types whose size is known, by ggml's names. */
export const tensorTypes: readonly string[] = Object.keys(BLOCKS)

/**
 * Bytes of a tensor of that shape, as stored in the file.
 * @throws ProfileError for a type that is not known, or a row that is no whole number of blocks.
 */
export function tensorBytes(type: string, shape: readonly number[]): Bytes {
  const block = BLOCKS[type]
  if (!block) throw new ProfileError(`tensor type ${type} is not known: one of ${tensorTypes.join(', ')} is`)
  const [row = 1, ...rest] = shape
  if (row % block.elements !== 0) {
    throw new ProfileError(
      `a row of ${row} elements cannot be of type ${type}, which holds ${block.elements} at a time`,
    )
  }
  return rest.reduce((bytes, size) => bytes * size, (row / block.elements) * block.bytes)
}

/** Bytes of one row of KV cache elements. Rows are padded to whole blocks. */
export function kvRowBytes(type: KvType, elements: number): Bytes {
  const block = BLOCKS[type.toUpperCase()]
  if (!block) throw new ProfileError(`KV cache type ${type} is not known`)
  return Math.ceil(elements / block.elements) * block.bytes
}
