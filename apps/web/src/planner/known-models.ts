import type { ModelNumbers } from '@berth/budget'

/** A published model by its figures. */
export interface KnownModel {
  /** For addresses. */
  readonly id: string
  readonly name: string
  readonly quantization: string
  readonly numbers: ModelNumbers
}

/** Llama 3 and Qwen3 as their configurations say, with what the tensors of their Q4_K_M files come to. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    id: 'qwen3-4b',
    name: 'Qwen3-4B',
    quantization: 'Q4_K_M',
    numbers: {
      layers: 36,
      kvHeads: 8,
      headSize: 128,
      hidden: 2560,
      vocabulary: 151_936,
      heads: 32,
      feedForward: 9728,
      context: 40_960,
      weights: 2_491_323_904,
      inputBytes: 319_065_600,
      outputBytes: 10_240,
      tiedOutput: true,
    },
  },
  {
    id: 'llama-3-8b',
    name: 'Llama-3-8B',
    quantization: 'Q4_K_M',
    numbers: {
      layers: 32,
      kvHeads: 8,
      headSize: 128,
      hidden: 4096,
      vocabulary: 128_256,
      heads: 32,
      feedForward: 14_336,
      context: 8192,
      weights: 4_912_898_048,
      inputBytes: 295_501_824,
      outputBytes: 430_956_544,
    },
  },
  {
    id: 'qwen3-8b',
    name: 'Qwen3-8B',
    quantization: 'Q4_K_M',
    numbers: {
      layers: 36,
      kvHeads: 8,
      headSize: 128,
      hidden: 4096,
      vocabulary: 151_936,
      heads: 32,
      feedForward: 12_288,
      context: 40_960,
      weights: 5_021_827_072,
      inputBytes: 350_060_544,
      outputBytes: 510_521_344,
    },
  },
  {
    id: 'qwen3-14b',
    name: 'Qwen3-14B',
    quantization: 'Q4_K_M',
    numbers: {
      layers: 40,
      kvHeads: 8,
      headSize: 128,
      hidden: 5120,
      vocabulary: 151_936,
      heads: 40,
      feedForward: 17_408,
      context: 40_960,
      weights: 8_995_793_920,
      inputBytes: 437_575_680,
      outputBytes: 638_151_680,
    },
  },
  {
    id: 'llama-3-70b',
    name: 'Llama-3-70B',
    quantization: 'Q4_K_M',
    numbers: {
      layers: 80,
      kvHeads: 8,
      headSize: 128,
      hidden: 8192,
      vocabulary: 128_256,
      heads: 64,
      feedForward: 28_672,
      context: 8192,
      weights: 42_512_531_456,
      inputBytes: 591_003_648,
      outputBytes: 861_913_088,
    },
  },
]
