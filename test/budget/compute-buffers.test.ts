import { place, profileFromGguf } from '@berth/budget'
import type { EngineFacts } from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { ENGINE, ram } from './machines.js'

interface Shape {
  readonly architecture?: string
  readonly embedding?: number
  readonly heads?: number
  readonly kvHeads?: number
  readonly headSize?: number
  readonly feedForward?: number
  readonly vocabulary?: number
  readonly layers?: number
  readonly window?: number
}

function computeOf(
  shape: Shape,
  contextLength: number,
  slots: number,
  facts: Partial<EngineFacts> = {},
): number {
  const { architecture = 'llama', embedding = 1024, heads = 16, layers = 4 } = shape
  const key = (name: string): string => `${architecture}.${name}`
  const profile = profileFromGguf(
    {
      values: {
        'general.architecture': architecture,
        [key('block_count')]: layers,
        [key('embedding_length')]: embedding,
        [key('feed_forward_length')]: shape.feedForward ?? 4096,
        [key('attention.head_count')]: heads,
        [key('attention.head_count_kv')]: shape.kvHeads ?? 4,
        [key('attention.key_length')]: shape.headSize ?? embedding / heads,
        [key('attention.value_length')]: shape.headSize ?? embedding / heads,
        [key('vocab_size')]: shape.vocabulary ?? 1024,
        ...(shape.window === undefined ? {} : { [key('attention.sliding_window')]: shape.window }),
      },
      lengths: {},
      tensors: [{ name: 'token_embd.weight', type: 'F16', shape: [embedding, 1024] }],
    },
    { ...ENGINE, ...facts },
  )
  const verdict = place(profile, { contextLength, slots, kvType: 'f16' }, [ram(1e15)])
  return verdict.fits ? (verdict.placement.parts[0]?.compute ?? NaN) : NaN
}

const SMOLLM2: Shape = {
  layers: 30,
  embedding: 576,
  heads: 9,
  kvHeads: 3,
  feedForward: 1536,
  vocabulary: 49_152,
}

describe('compute buffers are what llama.cpp v0.5.0 says that it allocates on a CPU', () => {
  test.each([
    ['narrow', {}, 1024, 1, 34_617_344],
    ['longer context', {}, 4096, 1, 37_763_072],
    ['four slots', {}, 4096, 4, 37_763_072],
    ['long context', {}, 16_384, 1, 50_345_984],
    ['context shorter than a batch', {}, 256, 1, 16_915_456],
    ['large vocabulary', { vocabulary: 32_768 }, 4096, 1, 71_305_216],
    ['larger vocabulary', { vocabulary: 131_072 }, 16_384, 1, 272_631_808],
    ['wide', { embedding: 2048 }, 4096, 1, 41_957_376],
    ['broad feed-forward', { feedForward: 16_384 }, 4096, 1, 113_260_544],
    ['slim feed-forward', { feedForward: 1024 }, 4096, 1, 14_694_400],
    ['heads wider than the model', { heads: 32, headSize: 64 }, 4096, 1, 39_860_224],
    ['as many KV heads as heads', { kvHeads: 16 }, 4096, 1, 37_763_072],
    ['one layer', { layers: 1 }, 4096, 1, 31_459_328],
    ['SmolLM2', SMOLLM2, 2048, 1, 107_493_376],
    ['SmolLM2, long', SMOLLM2, 8192, 4, 103_024_640],
    ['Qwen3', { architecture: 'qwen3', heads: 32, headSize: 64 }, 4096, 1, 39_860_224],
  ] as const)('%s', (_name, shape, contextLength, slots, bytes) => {
    expect(computeOf(shape, contextLength, slots)).toBe(bytes)
  })

  test.each([
    ['narrow', {}, 4096, 1, 154_150_912],
    ['long context', {}, 16_384, 1, 581_969_920],
    ['many heads', { heads: 32, headSize: 64 }, 4096, 1, 292_562_944],
    ['as many KV heads as heads', { kvHeads: 16 }, 4096, 1, 157_296_640],
    ['SmolLM2', SMOLLM2, 2048, 1, 104_204_288],
    ['SmolLM2, long', SMOLLM2, 8192, 1, 174_466_560],
  ] as const)('without flash attention: %s', (_name, shape, contextLength, slots, bytes) => {
    // Half a kilobyte of alignment is not accounted for.
    expect(Math.abs(computeOf(shape, contextLength, slots, { flashAttention: false }) - bytes)).toBeLessThan(
      1024,
    )
  })

  test.each([
    [64, 13_436_672],
    [512, 107_493_376],
    [1024, 214_986_752],
  ])('batches of %d', (batchSize, bytes) => {
    expect(computeOf(SMOLLM2, 2048, 1, { batchSize })).toBe(bytes)
  })
})

test.each([
  [4096, 1, 39_683_808],
  [2048, 4, 37_802_208],
  [16_384, 2, 52_393_184],
])('near what it says for sliding windows: Gemma-3-like at %d × %d', (contextLength, slots, bytes) => {
  const gemma = { architecture: 'gemma3', layers: 12, window: 1024 }
  expect(Math.abs(computeOf(gemma, contextLength, slots) / bytes - 1)).toBeLessThan(0.01)
})

test('an engine context for every slot has buffers for every slot', () => {
  expect(computeOf(SMOLLM2, 2048, 3, { contexts: 'own' })).toBe(3 * 107_493_376)
})
