import { ProfileError } from './profile-error.js'
import type { Bytes, KvType } from './units.js'

interface Block {
  /** `enum ggml_type`, as tensors name it in a file. */
  readonly id: number
  /** Elements that are stored together; a row is a whole number of blocks. */
  readonly elements: number
  readonly bytes: Bytes
}

/** Numbers and block sizes of ggml's types (`type_traits` in ggml.c and the block structs in ggml-common.h). */
const BLOCKS: Readonly<Record<string, Block>> = {
  F32: { id: 0, elements: 1, bytes: 4 },
  F16: { id: 1, elements: 1, bytes: 2 },
  BF16: { id: 30, elements: 1, bytes: 2 },
  F64: { id: 28, elements: 1, bytes: 8 },
  I8: { id: 24, elements: 1, bytes: 1 },
  I16: { id: 25, elements: 1, bytes: 2 },
  I32: { id: 26, elements: 1, bytes: 4 },
  I64: { id: 27, elements: 1, bytes: 8 },
  Q4_0: { id: 2, elements: 32, bytes: 18 },
  Q4_1: { id: 3, elements: 32, bytes: 20 },
  Q5_0: { id: 6, elements: 32, bytes: 22 },
  Q5_1: { id: 7, elements: 32, bytes: 24 },
  Q8_0: { id: 8, elements: 32, bytes: 34 },
  Q8_1: { id: 9, elements: 32, bytes: 36 },
  Q2_K: { id: 10, elements: 256, bytes: 84 },
  Q3_K: { id: 11, elements: 256, bytes: 110 },
  Q4_K: { id: 12, elements: 256, bytes: 144 },
  Q5_K: { id: 13, elements: 256, bytes: 176 },
  Q6_K: { id: 14, elements: 256, bytes: 210 },
  Q8_K: { id: 15, elements: 256, bytes: 292 },
  IQ1_S: { id: 19, elements: 256, bytes: 50 },
  IQ1_M: { id: 29, elements: 256, bytes: 56 },
  IQ2_XXS: { id: 16, elements: 256, bytes: 66 },
  IQ2_XS: { id: 17, elements: 256, bytes: 74 },
  IQ2_S: { id: 22, elements: 256, bytes: 82 },
  IQ3_XXS: { id: 18, elements: 256, bytes: 98 },
  IQ3_S: { id: 21, elements: 256, bytes: 110 },
  IQ4_NL: { id: 20, elements: 32, bytes: 18 },
  IQ4_XS: { id: 23, elements: 256, bytes: 136 },
  TQ1_0: { id: 34, elements: 256, bytes: 54 },
  TQ2_0: { id: 35, elements: 256, bytes: 66 },
  MXFP4: { id: 39, elements: 32, bytes: 17 },
  NVFP4: { id: 40, elements: 64, bytes: 36 },
  Q1_0: { id: 41, elements: 128, bytes: 18 },
  Q2_0: { id: 42, elements: 64, bytes: 18 },
}

/** The name of a tensor type by its number in a GGUF file; undefined where it is not known. */
export function tensorTypeName(id: number): string | undefined {
  return Object.entries(BLOCKS).find(([, block]) => block.id === id)?.[0]
}

/**
 * Bytes of a tensor of that shape, as stored in the file.
 * @throws ProfileError for a type that is not known, or a row that is no whole number of blocks.
 */
export function tensorBytes(type: string, shape: readonly number[]): Bytes {
  const block = BLOCKS[type]
  if (!block)
    throw new ProfileError(`tensor type ${type} is not known: one of ${Object.keys(BLOCKS).join(', ')} is`)
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
