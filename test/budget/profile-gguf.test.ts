import { cpuFeaturesOf, place, ProfileError, profileFromGguf } from '@berth/budget'
import type { EngineFacts, GgufMetadata, GgufProfile } from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { ENGINE, gpu, ram } from './machines.js'

const SETTINGS = { contextLength: 512, slots: 1, kvType: 'f16' } as const

/** One layer with a matrix of every kind, all of one type. */
function model(type: string, rows = 64): GgufMetadata {
  return {
    values: {
      'general.architecture': 'llama',
      'llama.block_count': 1,
      'llama.embedding_length': 256,
      'llama.context_length': 2048,
      'llama.feed_forward_length': 512,
      'llama.attention.head_count': 4,
      'llama.vocab_size': 1000,
    },
    lengths: {},
    tensors: [
      { name: 'token_embd.weight', type, shape: [256, 1000] },
      { name: 'output.weight', type, shape: [256, 1000] },
      { name: 'output_norm.weight', type: 'F32', shape: [256] },
      { name: 'blk.0.attn_norm.weight', type: 'F32', shape: [256] },
      { name: 'blk.0.ffn_up.weight', type, shape: [256, rows] },
    ],
  }
}

function weightsOnCpu(metadata: GgufMetadata, facts: Partial<EngineFacts>): number {
  const verdict = place(profileFromGguf(metadata, { ...ENGINE, ...facts }), SETTINGS, [ram(1e12)])
  return verdict.fits ? (verdict.placement.parts[0]?.weights ?? NaN) : NaN
}

function mapped(type: string, cpuFeatures: readonly string[]): boolean {
  return profileFromGguf(model(type), { ...ENGINE, cpuFeatures, mmap: 'unless-repacked' }).mmap
}

describe('weights that the CPU backend rearranges', () => {
  const AVX2 = ['AVX2', 'REPACK']
  const NORMS = 2 * 256 * 4
  const EMBEDDINGS = (256 * 1000 * 18) / 32
  const MATRIX = (256 * 64 * 18) / 32

  test('are in memory twice where the file is mapped, once where it is not', () => {
    const file = NORMS + 2 * EMBEDDINGS + MATRIX
    // Token embeddings are looked up, not multiplied with: they stay as they are.
    expect(weightsOnCpu(model('Q4_0'), { cpuFeatures: AVX2, mmap: true })).toBe(file + EMBEDDINGS + MATRIX)
    expect(weightsOnCpu(model('Q4_0'), { cpuFeatures: AVX2, mmap: false })).toBe(file)
  })

  test('decide whether to map the file, where that is left to the profile', () => {
    expect(mapped('Q4_0', AVX2)).toBe(false)
    expect(mapped('Q8_0', AVX2)).toBe(true)
    expect(mapped('Q4_1', AVX2)).toBe(true)
    expect(mapped('Q8_0', ['DOTPROD', 'REPACK'])).toBe(false)
    expect(mapped('Q4_0', ['AVX2'])).toBe(true)
  })

  test('are matrices of whole groups of rows only', () => {
    const profile = profileFromGguf(model('Q4_0', 63), { ...ENGINE, cpuFeatures: AVX2 })
    expect(profile.layers[0]?.weights.repacked).toBe(0)
  })

  test('AMX packs 8-bit weights with sums of their own', () => {
    const profile = profileFromGguf(model('Q8_0'), { ...ENGINE, cpuFeatures: ['AVX2', 'AMX_INT8', 'REPACK'] })
    expect(profile.layers[0]?.weights).toEqual({
      bytes: (256 * 64 * 34) / 32 + 256 * 4,
      repackable: (256 * 64 * 34) / 32,
      repacked: (256 * 64 * 38) / 32,
    })
    expect(profile.mmap).toBe(false)
  })

  test('stay as they are beside a GPU', () => {
    const verdict = place(
      profileFromGguf(model('Q4_0'), { ...ENGINE, cpuFeatures: AVX2, mmap: true }),
      { ...SETTINGS, maxGpuLayers: 1 },
      [gpu(0, 24e9), ram(64e9)],
    )
    const host = verdict.fits ? verdict.placement.parts.find(({ device }) => device === 'ram') : undefined
    expect(host?.weights).toBe(EMBEDDINGS + MATRIX + 256 * 4)
  })
})

test('the CPU’s abilities are read from llama.cpp’s system info', () => {
  expect(cpuFeaturesOf('CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | REPACK = 1 | ')).toEqual([
    'SSE3',
    'AVX2',
    'REPACK',
  ])
  expect(cpuFeaturesOf('')).toEqual([])
})

describe('a head that cannot be a model’s', () => {
  const without = (key: string): GgufMetadata => {
    const { [key]: _left, ...values } = model('Q8_0').values
    return { ...model('Q8_0'), values }
  }
  const having = (key: string, value: string | number | number[]): GgufMetadata => ({
    ...model('Q8_0'),
    values: { ...model('Q8_0').values, [key]: value },
  })
  const tensor = (name: string, type: string, shape: number[]): GgufMetadata => ({
    ...model('Q8_0'),
    tensors: [...model('Q8_0').tensors, { name, type, shape }],
  })

  test.each([
    [
      without('general.architecture'),
      'general.architecture should name the model’s architecture, got nothing',
    ],
    [without('llama.block_count'), 'llama.block_count should be a whole number from 1 to 4096, got nothing'],
    [
      having('llama.block_count', 4e9),
      'llama.block_count should be a whole number from 1 to 4096, got 4000000000',
    ],
    [
      having('llama.embedding_length', 'wide'),
      'llama.embedding_length should be a whole number from 0, got "wide"',
    ],
    [
      having('llama.attention.head_count', -4),
      'llama.attention.head_count should be a whole number from 0, got -4',
    ],
    [
      having('llama.attention.head_count', []),
      'llama.attention.head_count should have an entry for each of 1 layers, got 0',
    ],
    [
      tensor('blk.7.ffn_up.weight', 'F16', [32, 32]),
      'tensor blk.7.ffn_up.weight is of layer 7, but the model has 1 layers',
    ],
    [tensor('odd.weight', 'Q9_9', [32, 32]), 'tensor type Q9_9 is not known'],
    [
      tensor('odd.weight', 'Q8_0', [33, 32]),
      'a row of 33 elements cannot be of type Q8_0, which holds 32 at a time',
    ],
    [{ ...model('Q8_0'), tensors: [] }, 'the file has no tensors'],
  ])('is refused, naming what is wrong (%#)', (metadata, message) => {
    const read = (): GgufProfile => profileFromGguf(metadata, ENGINE)
    expect(read).toThrow(ProfileError)
    expect(read).toThrow(message.replaceAll('’', "'"))
  })
})

test('a profile is plain data', () => {
  const profile = profileFromGguf(model('Q8_0'), ENGINE)
  expect(JSON.parse(JSON.stringify(profile))).toEqual(profile)
})
