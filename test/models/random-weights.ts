/** How a matrix is stored; norms are F32 always. */
export type WeightType = 'F32' | 'F16' | 'Q8_0' | 'Q4_0'

interface Layout {
  /** ggml's number of the type. */
  readonly type: number
  /** llama.cpp's number of a file that is mostly of it (`general.file_type`). */
  readonly fileType: number
  readonly blockElements: number
  readonly blockBytes: number
}

export const LAYOUT: Record<WeightType, Layout> = {
  F32: { type: 0, fileType: 0, blockElements: 1, blockBytes: 4 },
  F16: { type: 1, fileType: 1, blockElements: 1, blockBytes: 2 },
  Q4_0: { type: 2, fileType: 2, blockElements: 32, blockBytes: 18 },
  Q8_0: { type: 8, fileType: 7, blockElements: 32, blockBytes: 34 },
}

/** f16 scales that make uniformly random quants a standard deviation near 0.02, as trained weights have. */
const Q8_0_SCALE = 0x0c80 // 2.75e-4 times up to 127
const Q4_0_SCALE = 0x1c70 // 4.3e-3 times up to 8

/** Bytes of so many elements. */
export function weightBytes(type: WeightType, elements: number): number {
  const { blockElements, blockBytes } = LAYOUT[type]
  return (elements / blockElements) * blockBytes
}

/** xorshift128: fast, and good enough for weights that mean nothing. */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    this.#a = 0x9e3779b9 ^ seed
    this.#b = 0x243f6a88
    this.#c = 0xb7e15162
    this.#d = (seed | 0) ^ 0x1234567
    this.scramble(new Uint32Array(32))
  }

  scramble(words: Uint32Array): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d]
    for (let i = 0; i < words.length; i++) {
      const t = a ^ (a << 11)
      a = b
      b = c
      c = d
      d = d ^ (d >>> 19) ^ t ^ (t >>> 8)
      words[i] = d
    }
    this.#a = a
    this.#b = b
    this.#c = c
    this.#d = d
  }
}

/**
 * Random weights of the type, in chunks. Quantised blocks are made directly, scale and random quants,
 * with no floats in between, so that a file is made about as fast as the disk takes it.
 * A yielded chunk is overwritten when the next one is asked for.
 */
export function* randomWeights(type: WeightType, elements: number, random: Random): Generator<Buffer> {
  const { blockBytes } = LAYOUT[type]
  // Whole blocks of every type and whole 32-bit words: 4 · 2 · 9 · 17 divides it.
  const words = new Uint32Array(1224 * 256)
  const chunk = Buffer.from(words.buffer)
  let left = weightBytes(type, elements)
  while (left > 0) {
    random.scramble(words)
    shapeBlocks(type, blockBytes, chunk, words)
    const bytes = Math.min(left, chunk.length)
    yield chunk.subarray(0, bytes)
    left -= bytes
  }
}

function shapeBlocks(type: WeightType, blockBytes: number, chunk: Buffer, words: Uint32Array): void {
  switch (type) {
    case 'F32': // sign and mantissa stay random, the exponent says 2^-6
      for (let i = 0; i < words.length; i++) words[i] = (words[i]! & 0x807fffff) | (121 << 23)
      return
    case 'F16': // the same, two at a time
      for (let i = 0; i < words.length; i++) words[i] = (words[i]! & 0x83ff83ff) | 0x24002400
      return
    case 'Q8_0':
      for (let at = 0; at < chunk.length; at += blockBytes) chunk.writeUInt16LE(Q8_0_SCALE, at)
      return
    case 'Q4_0':
      for (let at = 0; at < chunk.length; at += blockBytes) chunk.writeUInt16LE(Q4_0_SCALE, at)
      return
    default:
      void (type satisfies never)
  }
}
