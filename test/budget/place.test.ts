import { FOREIGN_PROFILE, place, profileFromGguf } from '@berth/budget'
import type { DeviceRoom, MemoryProfile, MemorySettings, Placement } from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { ENGINE, gpu, ram, unified } from './machines.js'
import { published } from './published/published-models.js'

const SETTINGS: MemorySettings = { contextLength: 4096, slots: 1, kvType: 'f16' }
const LLAMA = profileFromGguf(published('llama-3-8b'), ENGINE)

function placed(
  room: readonly DeviceRoom[],
  settings: Partial<MemorySettings> = {},
  profile: MemoryProfile = LLAMA,
): Placement {
  const verdict = place(profile, { ...SETTINGS, ...settings }, room)
  if (!verdict.fits) throw new Error(verdict.reason)
  return verdict.placement
}

const bytesOn = (placement: Placement, device: string): number =>
  placement.bytes.find((part) => part.device === device)?.bytes ?? 0

describe('place', () => {
  test('a model that is not ours takes nothing, whatever the room', () => {
    const placement = placed([], {}, FOREIGN_PROFILE)
    expect(placement).toMatchObject({ kind: 'foreign', bytes: [], parts: [] })
  })

  test('all layers on the GPU: what is read before the first layer and the process stay in host memory', () => {
    const placement = placed([gpu(0, 24e9), ram(64e9)])
    expect(placement).toMatchObject({ kind: 'gpu', gpuLayers: 33, split: [{ device: 'gpu0', layers: 33 }] })
    const host = placement.parts.find(({ device }) => device === 'ram')
    const embeddings = (4096 * 128_256 * 144) / 256
    expect(host).toMatchObject({ weights: embeddings, kvCache: 0, overhead: ENGINE.hostOverhead })
    expect(placement.parts.find(({ device }) => device === 'gpu0')?.kvCache).toBe(2 ** 29)
  })

  test('the sum of a device’s parts is what is to be reserved there', () => {
    const { bytes, parts } = placed([gpu(0, 4e9), ram(64e9)])
    expect(bytes).toEqual(
      parts.map(({ device, weights, kvCache, compute, overhead, learned }) => ({
        device,
        bytes: weights + kvCache + compute + overhead + learned,
      })),
    )
  })

  test('without a GPU the CPU computes, and the reason says so', () => {
    const placement = placed([ram(64e9)])
    expect(placement).toMatchObject({ kind: 'cpu', gpuLayers: 0, split: [] })
    expect(placement.reason).toMatch(/^the CPU computes, for there is no GPU: /)
  })

  test('a GPU too small for a single layer is left out', () => {
    const placement = placed([gpu(0, 0.5e9), ram(64e9)])
    expect(placement.kind).toBe('cpu')
    expect(placement.reason).toContain('not one layer fits on the GPU')
  })

  test('no more layers go to the GPU than asked for', () => {
    const placement = placed([gpu(0, 24e9), ram(64e9)], { maxGpuLayers: 10 })
    expect(placement).toMatchObject({ kind: 'hybrid', gpuLayers: 10 })
    expect(placement.reason).toContain('10 of 33 layers are on the GPU, as many as asked for')
    expect(placed([gpu(0, 24e9), ram(64e9)], { maxGpuLayers: 0 })).toMatchObject({
      kind: 'cpu',
      gpuLayers: 0,
    })
    expect(placed([gpu(0, 24e9), ram(64e9)], { maxGpuLayers: 99 }).kind).toBe('gpu')
  })

  test('unified memory is one device: GPU and host parts are in the same room', () => {
    const placement = placed([unified(16e9)])
    expect(placement).toMatchObject({ kind: 'gpu', split: [{ device: 'unified', layers: 33 }] })
    expect(placement.bytes).toHaveLength(1)
    const separate = placed([gpu(0, 16e9), ram(16e9)])
    expect(bytesOn(placement, 'unified')).toBe(bytesOn(separate, 'gpu0') + bytesOn(separate, 'ram'))
  })

  test('a room without host memory holds nothing', () => {
    expect(place(LLAMA, SETTINGS, [gpu(0, 80e9)])).toMatchObject({ fits: false })
  })

  test('tied embeddings are on the GPU once more, in host memory once', () => {
    const qwen = profileFromGguf(published('qwen3-4b'), ENGINE)
    const embeddings = (2560 * 151_936 * 210) / 256
    const onGpu = placed([gpu(0, 24e9), ram(64e9)], {}, qwen)
    const weights = onGpu.parts.reduce((sum, part) => sum + part.weights, 0)
    expect(weights).toBe(2_491_323_904 + embeddings)
  })
})

describe('several GPUs', () => {
  test('one that holds all is enough: the one with the most room', () => {
    const placement = placed([gpu(0, 8e9), gpu(1, 24e9), gpu(2, 12e9), ram(64e9)])
    expect(placement.split).toEqual([{ device: 'gpu1', layers: 33 }])
  })

  test('what none holds alone is split, about as their room is, every run where it fits', () => {
    const placement = placed([gpu(0, 4e9), gpu(1, 4e9), ram(64e9)])
    expect(placement.kind).toBe('gpu')
    const layers = placement.split.map((part) => part.layers)
    expect(layers.reduce((sum, count) => sum + count, 0)).toBe(33)
    expect(Math.abs((layers[0] ?? 0) - (layers[1] ?? 0))).toBeLessThanOrEqual(3)
    expect(placement.reason).toContain('fit on 2 GPUs')
  })

  test('unequal GPUs take unequal shares', () => {
    const placement = placed([gpu(0, 2.4e9), gpu(1, 5e9), ram(64e9)])
    expect(placement.kind).toBe('gpu')
    expect(placement.split[0]?.layers).toBeLessThan(placement.split[1]?.layers ?? 0)
  })

  test('hybrid over two where both together are too small', () => {
    const placement = placed([gpu(0, 2.5e9), gpu(1, 2.5e9), ram(64e9)])
    expect(placement.kind).toBe('hybrid')
    expect(placement.split).toHaveLength(2)
    expect(placement.gpuLayers).toBeGreaterThan(placed([gpu(0, 2.5e9), ram(64e9)]).gpuLayers)
  })
})

describe('what would help', () => {
  test('a smaller context, fewer slots and a tighter KV type, where each is enough', () => {
    const verdict = place(LLAMA, { contextLength: 8192, slots: 4, kvType: 'f16' }, [ram(8e9)])
    if (verdict.fits) throw new Error('it should not fit')
    expect(verdict.advice).toEqual([
      'a context of 4096 tokens instead of 8192 fits',
      '2 slots instead of 4 would fit',
      'a KV cache in q8_0 instead of f16 fits',
      expect.stringMatching(/^a tighter quantization of the model fits: [34]\.\d bits a weight or less/),
    ])
    for (const better of [{ contextLength: 4096 }, { slots: 2 }, { kvType: 'q8_0' as const }]) {
      const settings = { contextLength: 8192, slots: 4, kvType: 'f16' as const, ...better }
      expect(place(LLAMA, settings, [ram(8e9)]).fits).toBe(true)
    }
  })

  test('what is missing is missing: with so much more it fits', () => {
    const verdict = place(LLAMA, SETTINGS, [ram(3e9)])
    if (verdict.fits) throw new Error('it should not fit')
    expect(place(LLAMA, SETTINGS, [ram(3e9 + verdict.missing)]).fits).toBe(true)
    expect(place(LLAMA, SETTINGS, [ram(3e9 + verdict.missing - 1)]).fits).toBe(false)
  })

  test('nothing but a smaller model helps a machine that is far too small', () => {
    const verdict = place(LLAMA, SETTINGS, [ram(0.5e9)])
    expect(verdict).toHaveProperty('advice', ['no quantization of this model fits: take a smaller one'])
  })
})

test.each([
  [{ contextLength: 0 }, /contextLength .* from 1, got 0/],
  [{ slots: 1.5 }, /slots .* from 1, got 1.5/],
  [{ maxGpuLayers: -1 }, /maxGpuLayers .* from 0, got -1/],
])('settings that are none are refused: %j', (settings, message) => {
  expect(() => place(LLAMA, { ...SETTINGS, ...settings }, [ram(64e9)])).toThrow(message)
})
