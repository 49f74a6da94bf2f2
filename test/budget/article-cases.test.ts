import { formatBytes, place, profileFromGguf } from '@berth/budget'
import type { Placement } from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { ENGINE, gpu, ram } from './machines.js'
import { published } from './published/published-models.js'
import type { PublishedModel } from './published/published-models.js'

const SETTINGS = { contextLength: 2048, slots: 1, kvType: 'f16' } as const
const ROOM = [gpu(0, 8e9), ram(16e9)]

function verdictOf(model: PublishedModel) {
  return place(profileFromGguf(published(model), ENGINE), SETTINGS, ROOM)
}

function placed(model: PublishedModel): Placement {
  const verdict = verdictOf(model)
  if (!verdict.fits) throw new Error(verdict.reason)
  return verdict.placement
}

describe('the calculator of the article: 8 GB of VRAM, 16 GB of RAM, a context of 2048', () => {
  test.each([
    ['qwen3-4b', '2.5 GB', '302 MB'],
    ['llama-3-8b', '4.6 GB', '268 MB'],
    ['qwen3-8b', '4.7 GB', '302 MB'],
  ] as const)('%s fits in the GPU: %s of weights and %s of KV cache there', (model, weights, kvCache) => {
    const placement = placed(model)
    expect(placement.kind).toBe('gpu')
    expect(placement.reason).toContain('layers fit on the GPU')
    const part = placement.parts.find(({ device }) => device === 'gpu0')
    expect(formatBytes(part?.weights ?? 0, 'GB')).toBe(weights)
    expect(formatBytes(part?.kvCache ?? 0, 'MB')).toBe(kvCache)
  })

  test('Qwen3-14B is over the VRAM: the layers that fit go there, the others to the CPU', () => {
    const placement = placed('qwen3-14b')
    expect(placement.kind).toBe('hybrid')
    expect(placement.gpuLayers).toBeGreaterThan(25)
    expect(placement.gpuLayers).toBeLessThan(41)
    expect(placement.reason).toMatch(/^\d+ of 41 layers fit on the GPU; the CPU computes the others/)
    for (const { device, bytes } of placement.bytes)
      expect(bytes).toBeLessThanOrEqual(device === 'ram' ? 16e9 : 8e9)
  })

  test('one layer more of Qwen3-14B would not fit: the number of layers is exact', () => {
    const { gpuLayers, bytes } = placed('qwen3-14b')
    const onGpu = bytes.find(({ device }) => device === 'gpu0')?.bytes ?? 0
    const tighter = place(profileFromGguf(published('qwen3-14b'), ENGINE), SETTINGS, [
      gpu(0, onGpu - 1),
      ram(16e9),
    ])
    expect(tighter.fits && tighter.placement.gpuLayers).toBe(gpuLayers - 1)
    const layer =
      onGpu -
      (tighter.fits ? (tighter.placement.bytes.find(({ device }) => device === 'gpu0')?.bytes ?? 0) : 0)
    expect(8e9 - onGpu).toBeLessThan(layer * 1.5)
  })

  test('Llama-3-70B is over the RAM too: it cannot be loaded, and what would help is said', () => {
    const verdict = verdictOf('llama-3-70b')
    if (verdict.fits) throw new Error('it should not fit')
    expect(verdict.missing).toBeGreaterThan(15e9)
    expect(verdict.reason).toMatch(/too large for any placement/)
    // Its KV cache is a small part of it: neither a smaller context nor another KV type would do.
    expect(verdict.advice).toHaveLength(1)
    expect(verdict.advice[0]).toMatch(
      /tighter quantization of the model fits: 2\.\d bits a weight or less \(this one takes 4\.8\)/,
    )
  })
})
