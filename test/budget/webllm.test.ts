import { describe, expect, test } from 'vitest'
import {
  LearnedMemory,
  longestContext,
  mostSlots,
  place,
  ProfileError,
  profileFromWebLlm,
  type DeviceRoom,
  type WebLlmFacts,
} from '@berth/budget'

const GIB = 2 ** 30
const MIB = 2 ** 20

/** Llama 3.1 8B in q4f16_1, as WebLLM's own list and the model's files describe it. */
const LLAMA_8B: WebLlmFacts = {
  model: 'Llama-3.1-8B',
  vramMB: 5001,
  vramContext: 4096,
  contextLength: 131_072,
  weightBytes: 4_517_000_000,
  prefillChunk: 1024,
  shape: {
    layers: 32,
    kvHeads: 8,
    headSize: 128,
    hidden: 4096,
    feedForward: 14_336,
    vocabulary: 128_256,
    numberBytes: 2,
  },
}

const SETTINGS = { contextLength: 4096, slots: 1, kvType: 'f16' } as const

function gpu(free: number): DeviceRoom[] {
  return [
    { device: { id: 'gpu0', kind: 'gpu', name: 'a GPU', capacity: 64 * GIB }, free },
    { device: { id: 'ram', kind: 'ram', name: 'RAM', capacity: 64 * GIB }, free: 64 * GIB },
  ]
}

describe('what a WebLLM model needs', () => {
  test('is exact in weights and KV cache where its files are known', () => {
    const profile = profileFromWebLlm(LLAMA_8B)
    expect(profile.weights).toBe(4_517_000_000)
    expect(profile.kvBytesPerToken).toBe(2 * 32 * 8 * 128 * 2)
    expect(profile.maxSlots).toBe(1)
    expect(profile.trainedContext).toBe(131_072)
  })

  test('comes to what its list says, at the context for which it says so', () => {
    const { vramMB, vramContext } = { vramMB: 5001, vramContext: 4096 }
    const guess = profileFromWebLlm({ model: 'a', vramMB, vramContext })
    expect(guess.weights + guess.fixed + guess.kvBytesPerToken * vramContext).toBe(vramMB * MIB)
    const files = profileFromWebLlm(LLAMA_8B)
    const known = files.weights + files.fixed + files.kvBytesPerToken * vramContext
    expect(known / (vramMB * MIB)).toBeGreaterThan(0.95)
    expect(known / (vramMB * MIB)).toBeLessThan(1.1)
  })

  test.each([
    // The same model twice in WebLLM's list: with 4,096 and with 1,024 tokens.
    ['Llama 3.1 8B', 5001, 4598.34],
    ['Llama 2 7B', 9109.03, 6749.02],
  ])('grows with the context: %s', (_name, at4096, at1024) => {
    const guess = profileFromWebLlm({ model: 'a', vramMB: at4096 })
    const shorter = (guess.weights + guess.fixed + guess.kvBytesPerToken * 1024) / MIB
    expect(shorter).toBeLessThan(at4096)
    // A guess that is too high refuses; one that is too low loses the GPU.
    expect(shorter).toBeGreaterThan(at1024 * 0.98)
  })

  test('has no cache that grows where there is a sliding window, and none at all for embeddings', () => {
    const sliding = profileFromWebLlm({ ...LLAMA_8B, slidingWindow: 4096 })
    expect(sliding.kvBytesPerToken).toBe(0)
    expect(sliding.fixed).toBe(profileFromWebLlm(LLAMA_8B).fixed + 4096 * 131_072)
    const embeds = profileFromWebLlm({ model: 'a', vramMB: 539, hasCache: false })
    expect(embeds).toMatchObject({ kvBytesPerToken: 0, weights: 539 * MIB, fixed: 0 })
  })

  test('cannot be told from nothing, nor from nonsense', () => {
    expect(() => profileFromWebLlm({ model: 'a' })).toThrow(ProfileError)
    expect(() => profileFromWebLlm({ model: 'a', vramMB: -5 })).toThrow(/vramMB.*-/)
  })
})

describe('where a WebLLM model goes', () => {
  const profile = profileFromWebLlm(LLAMA_8B)

  test('whole on the GPU, nothing on the host', () => {
    const verdict = place(profile, SETTINGS, gpu(8 * GIB))
    expect(verdict).toMatchObject({ fits: true, placement: { kind: 'gpu', gpuLayers: 1 } })
    if (!verdict.fits) return
    expect(verdict.placement.bytes).toEqual([
      { device: 'gpu0', bytes: profile.weights + profile.fixed + 4096 * profile.kvBytesPerToken },
    ])
    expect(verdict.placement.reason).toMatch(/GiB of 8.0 GiB free on a GPU/)
  })

  test('into unified memory, and onto the roomiest of several GPUs', () => {
    const unified: DeviceRoom[] = [
      { device: { id: 'all', kind: 'unified', name: 'memory', capacity: 16 * GIB }, free: 16 * GIB },
    ]
    expect(place(profile, SETTINGS, unified)).toMatchObject({ fits: true })
    const [small, host] = gpu(2 * GIB)
    const large = { device: { ...small!.device, id: 'gpu1' }, free: 9 * GIB }
    const verdict = place(profile, SETTINGS, [small!, large, host!])
    expect(verdict).toMatchObject({ fits: true, placement: { split: [{ device: 'gpu1', layers: 1 }] } })
  })

  test('with a smaller context where that is what helps, and it does', () => {
    const room = gpu(profile.weights + profile.fixed + 3000 * profile.kvBytesPerToken)
    const verdict = place(profile, SETTINGS, room)
    expect(verdict).toMatchObject({
      fits: false,
      missing: 1096 * profile.kvBytesPerToken,
      advice: ['a context of 2816 tokens instead of 4096 fits'],
    })
    expect(place(profile, { ...SETTINGS, contextLength: 2816 }, room).fits).toBe(true)
    expect(longestContext(profile, SETTINGS, room)).toBe(2816)
  })

  test('nowhere without a GPU, without room for its weights, or with more than one slot', () => {
    const ram = gpu(0).slice(1)
    expect(place(profile, SETTINGS, ram)).toMatchObject({
      fits: false,
      reason: expect.stringContaining('no'),
    })
    expect(place(profile, { ...SETTINGS, maxGpuLayers: 0 }, gpu(64 * GIB)).fits).toBe(false)
    const tight = place(profile, SETTINGS, gpu(2 * GIB))
    expect(tight).toMatchObject({
      fits: false,
      advice: [expect.stringContaining('smaller model'), expect.anything()],
    })
    expect(place(profile, { ...SETTINGS, slots: 2 }, gpu(64 * GIB))).toMatchObject({
      fits: false,
      advice: ['one slot'],
    })
    expect(mostSlots(profile, SETTINGS, gpu(64 * GIB))).toBe(1)
  })

  test('as earlier loads have shown: to the byte at the same context, scaled at another', () => {
    const verdict = place(profile, SETTINGS, gpu(64 * GIB))
    if (!verdict.fits) throw new Error(verdict.reason)
    const { placement } = verdict
    const measured = placement.bytes[0]!.bytes + 700 * MIB
    const learned = new LearnedMemory()
    learned.learn('a', SETTINGS, placement, [{ device: 'gpu0', bytes: measured }])
    const again = place(profile, SETTINGS, gpu(64 * GIB), { correction: learned.correction('a', SETTINGS) })
    expect(again.fits && again.placement.bytes[0]!.bytes).toBe(measured)
    const longer = { ...SETTINGS, contextLength: 8192 }
    const other = place(profile, longer, gpu(64 * GIB), { correction: learned.correction('a', longer) })
    // What was beyond the arithmetic was in weights and buffers, not in the cache.
    expect(other.fits && other.placement.bytes[0]!.bytes).toBe(measured + 4096 * profile.kvBytesPerToken)
    const refused = place(profile, SETTINGS, gpu(measured - 1), {
      correction: learned.correction('a', SETTINGS),
    })
    expect(refused.fits).toBe(false)
  })
})
