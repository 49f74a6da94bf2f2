import { kvCacheBytes, longestContext, place, profileFromGguf } from '@berth/budget'
import type { GgufMetadata, GgufProfile, GgufValue, KvType } from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { ENGINE, GIB, ram } from './machines.js'
import { published } from './published/published-models.js'

const MIB = 2 ** 20

/** A model of which only the keys that matter here are there. */
function head(architecture: string, keys: Readonly<Record<string, GgufValue>>): GgufMetadata {
  const values = Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [`${architecture}.${key}`, value]),
  )
  return {
    values: { 'general.architecture': architecture, ...values },
    lengths: { 'tokenizer.ggml.tokens': 32_000 },
    tensors: [{ name: 'token_embd.weight', type: 'Q8_0', shape: [1024, 32_000] }],
  }
}

function gemma(
  layers: number,
  embedding: number,
  heads: number,
  kvHeads: number,
  window: number,
): GgufProfile {
  return profileFromGguf(
    head('gemma3', {
      block_count: layers,
      embedding_length: embedding,
      'attention.head_count': heads,
      'attention.head_count_kv': kvHeads,
      'attention.key_length': 256,
      'attention.value_length': 256,
      'attention.sliding_window': window,
    }),
    ENGINE,
  )
}

/** The KV cache and recurrent state of a whole load. */
function cacheOf(profile: GgufProfile, contextLength: number, slots = 1, kvType: KvType = 'f16'): number {
  const verdict = place(profile, { contextLength, slots, kvType }, [ram(1e15)])
  return verdict.fits ? (verdict.placement.parts[0]?.kvCache ?? NaN) : NaN
}

describe('KV cache', () => {
  test('of Llama-3-8B at 8192 in f16 is exactly 1 GiB', () => {
    expect(cacheOf(profileFromGguf(published('llama-3-8b'), ENGINE), 8192)).toBe(GIB)
  })

  test.each([
    ['f32', 2048 * MIB],
    ['f16', 1024 * MIB],
    ['bf16', 1024 * MIB],
    ['q8_0', 544 * MIB],
    ['q5_1', 384 * MIB],
    ['q5_0', 352 * MIB],
    ['q4_1', 320 * MIB],
    ['q4_0', 288 * MIB],
    ['iq4_nl', 288 * MIB],
  ] as const)('of Llama-3-8B at 8192 in %s is %d bytes', (kvType, bytes) => {
    expect(cacheOf(profileFromGguf(published('llama-3-8b'), ENGINE), 8192, 1, kvType)).toBe(bytes)
  })

  test('grows with the slots', () => {
    expect(cacheOf(profileFromGguf(published('llama-3-8b'), ENGINE), 2048, 4)).toBe(GIB)
  })

  test('is rounded up to 256 tokens a slot', () => {
    const shape = { k: 1024, v: 1024, window: null }
    expect(kvCacheBytes(shape, 257, 1, 'f16', 512)).toBe(kvCacheBytes(shape, 512, 1, 'f16', 512))
    expect(kvCacheBytes(shape, 1, 1, 'f16', 512)).toBe(256 * 2048 * 2)
  })

  test('in an engine context for every slot is as many times one slot’s', () => {
    const profile = profileFromGguf(published('llama-3-8b'), { ...ENGINE, contexts: 'own' })
    expect(cacheOf(profile, 300, 3)).toBe(3 * cacheOf(profile, 300, 1))
  })

  test('K and V heads may differ in size', () => {
    const profile = profileFromGguf(
      head('llama', {
        block_count: 2,
        embedding_length: 1024,
        'attention.head_count': 8,
        'attention.head_count_kv': 2,
        'attention.key_length': 192,
        'attention.value_length': 128,
      }),
      ENGINE,
    )
    expect(cacheOf(profile, 1024)).toBe(2 * 1024 * (2 * 192 + 2 * 128) * 2)
  })

  test('each layer has its own KV heads where the file says so', () => {
    const profile = profileFromGguf(
      head('llama', {
        block_count: 3,
        embedding_length: 1024,
        'attention.head_count': [16, 16, 8],
        'attention.head_count_kv': [4, 2, 1],
      }),
      ENGINE,
    )
    expect(cacheOf(profile, 1024)).toBe(1024 * (4 + 2 + 1) * 64 * 2 * 2)
  })
})

describe('sliding windows', () => {
  test('Gemma-3 has five windowed layers to each that sees the whole context', () => {
    const windows = gemma(34, 2560, 8, 4, 1024).layers.map(({ kv }) => kv?.window)
    expect(windows.slice(0, 12)).toEqual([
      1024,
      1024,
      1024,
      1024,
      1024,
      null,
      1024,
      1024,
      1024,
      1024,
      1024,
      null,
    ])
    expect(windows.filter((window) => window === null)).toHaveLength(5)
  })

  test('Gemma-3-4B at 32768: 5 layers hold the context, 29 the window of 1024 and a batch', () => {
    const token = 2 * 4 * 256 * 2
    // 1024 + 513 tokens of a batch, rounded up to 256.
    expect(cacheOf(gemma(34, 2560, 8, 4, 1024), 32_768)).toBe(5 * 32_768 * token + 29 * 1792 * token)
  })

  test('Gemma-3-1B has windows of 512', () => {
    const profile = gemma(26, 1152, 4, 1, 512)
    expect(profile.layers.filter(({ kv }) => kv?.window === 512)).toHaveLength(22)
    expect(cacheOf(profile, 32_768)).toBe((4 * 32_768 + 22 * 1280) * 2 * 256 * 2)
  })

  test('a window longer than the context is the context', () => {
    expect(cacheOf(gemma(6, 1152, 4, 1, 1024), 512)).toBe(6 * 512 * 2 * 256 * 2)
  })

  test('Phi-3’s are not used by the engine, so that every layer holds the context', () => {
    const profile = profileFromGguf(
      head('phi3', {
        block_count: 32,
        embedding_length: 3072,
        'attention.head_count': 32,
        'attention.sliding_window': 2047,
      }),
      ENGINE,
    )
    expect(profile.layers.every(({ kv }) => kv?.window === null)).toBe(true)
  })

  test('a list of layers in the file is what counts', () => {
    const profile = profileFromGguf(
      head('gemma4', {
        block_count: 4,
        embedding_length: 1024,
        'attention.head_count': 4,
        'attention.key_length': 512,
        'attention.value_length': 512,
        'attention.key_length_swa': 256,
        'attention.value_length_swa': 256,
        'attention.sliding_window': 512,
        'attention.sliding_window_pattern': [true, true, false, true],
        'attention.shared_kv_layers': 1,
      }),
      ENGINE,
    )
    expect(profile.layers.map(({ kv }) => kv)).toEqual([
      { k: 1024, v: 1024, window: 512 },
      { k: 1024, v: 1024, window: 512 },
      { k: 2048, v: 2048, window: null },
      // The last layer reads another's.
      null,
    ])
  })
})

describe('layers without a KV cache', () => {
  test('Mamba has a state instead, the same at any context', () => {
    const profile = profileFromGguf(
      head('mamba', {
        block_count: 24,
        embedding_length: 768,
        'ssm.conv_kernel': 4,
        'ssm.inner_size': 1536,
        'ssm.state_size': 16,
      }),
      ENGINE,
    )
    const state = 24 * (3 * 1536 + 16 * 1536) * 4
    expect(cacheOf(profile, 2048)).toBe(state)
    expect(cacheOf(profile, 65_536)).toBe(state)
    expect(cacheOf(profile, 2048, 4)).toBe(4 * state)
  })

  test('Granite 4 has attention where a layer has KV heads', () => {
    const kvHeads = [0, 0, 0, 0, 0, 4, 0, 0, 0, 0]
    const profile = profileFromGguf(
      head('granitehybrid', {
        block_count: 10,
        embedding_length: 1536,
        'attention.head_count': 12,
        'attention.head_count_kv': kvHeads,
        'ssm.conv_kernel': 4,
        'ssm.inner_size': 3072,
        'ssm.state_size': 128,
        'ssm.group_count': 1,
      }),
      ENGINE,
    )
    expect(profile.layers.map(({ kv }) => kv !== null)).toEqual(kvHeads.map((count) => count > 0))
    const state = 9 * (3 * (3072 + 2 * 128) + 128 * 3072) * 4
    expect(cacheOf(profile, 4096)).toBe(state + 4096 * 2 * 4 * 128 * 2)
  })

  test('Qwen3-Next has attention in each fourth layer', () => {
    const profile = profileFromGguf(
      head('qwen3next', {
        block_count: 12,
        embedding_length: 2048,
        'attention.head_count': 16,
        'attention.head_count_kv': 2,
        'attention.key_length': 256,
        'attention.value_length': 256,
        'ssm.conv_kernel': 4,
        'ssm.inner_size': 4096,
        'ssm.state_size': 128,
        'ssm.group_count': 16,
      }),
      ENGINE,
    )
    expect(profile.layers.flatMap(({ kv }, layer) => (kv ? [layer] : []))).toEqual([3, 7, 11])
    expect(profile.layers.every(({ kv, stateBytesPerSlot }) => (kv === null) === stateBytesPerSlot > 0)).toBe(
      true,
    )
  })

  test('LFM2’s convolutions keep two vectors a slot', () => {
    const profile = profileFromGguf(
      head('lfm2', {
        block_count: 2,
        embedding_length: 1024,
        'attention.head_count': 16,
        'attention.head_count_kv': [0, 8],
        'shortconv.l_cache': 3,
      }),
      ENGINE,
    )
    expect(profile.layers.map(({ stateBytesPerSlot }) => stateBytesPerSlot)).toEqual([2 * 1024 * 4, 0])
  })

  test('multi-head latent attention keeps one latent vector a token, and no V', () => {
    const profile = profileFromGguf(
      head('deepseek2', {
        block_count: 61,
        embedding_length: 7168,
        'attention.head_count': 128,
        'attention.head_count_kv': 1,
        'attention.key_length': 576,
        'attention.value_length': 512,
        'attention.key_length_mla': 192,
        'attention.value_length_mla': 128,
      }),
      ENGINE,
    )
    expect(cacheOf(profile, 4096)).toBe(61 * 576 * 4096 * 2)
  })

  test('an encoder has none, and fits any context', () => {
    const profile = profileFromGguf(
      head('bert', {
        block_count: 12,
        embedding_length: 384,
        context_length: 512,
        'attention.head_count': 12,
      }),
      { ...ENGINE, contexts: 'own' },
    )
    expect(cacheOf(profile, 512)).toBe(0)
    expect(longestContext(profile, { slots: 1, kvType: 'f16' }, [ram(2e9)])).toBe(512)
  })

  test('layers that predict further tokens are not run, and keep none', () => {
    const profile = profileFromGguf(
      head('glm4moe', {
        block_count: 3,
        nextn_predict_layers: 1,
        embedding_length: 1024,
        'attention.head_count': 8,
      }),
      ENGINE,
    )
    expect(profile.layers.map(({ kv }) => kv === null)).toEqual([false, false, true])
  })
})
