import { LearnedMemory, place, profileFromGguf } from '@berth/budget'
import type { DeviceBytes, DeviceRoom, MemorySettings, Placement } from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { ENGINE, gpu, ram } from './machines.js'
import { published } from './published/published-models.js'

const PROFILE = profileFromGguf(published('llama-3-8b'), ENGINE)
const SETTINGS: MemorySettings = { contextLength: 4096, slots: 2, kvType: 'f16' }
const CPU = [ram(64e9)]
const GPU = [gpu(0, 24e9), ram(64e9)]

function placed(room: readonly DeviceRoom[], learned?: LearnedMemory, settings = SETTINGS): Placement {
  const correction = learned?.correction('llama', settings)
  const verdict = place(PROFILE, settings, room, { correction })
  if (!verdict.fits) throw new Error(verdict.reason)
  return verdict.placement
}

/** What a load would really take whose weights and buffers are so much larger than arithmetic says. */
function measured(placement: Placement, factor: number): DeviceBytes[] {
  return placement.parts.map(({ device, weights, kvCache, compute, overhead }) => ({
    device,
    bytes: Math.round((weights + compute + overhead) * factor) + kvCache,
  }))
}

describe('what loads really took', () => {
  test('is the next estimate of the same load, to the byte', () => {
    const learned = new LearnedMemory()
    const first = placed(GPU)
    learned.learn('llama', SETTINGS, first, [
      { device: 'gpu0', bytes: 7_123_456_789 },
      { device: 'ram', bytes: 987_654_321 },
    ])
    const next = placed(GPU, learned)
    expect(next.bytes).toEqual([
      { device: 'gpu0', bytes: 7_123_456_789 },
      { device: 'ram', bytes: 987_654_321 },
    ])
    expect(next.parts.map(({ weights, kvCache, compute }) => [weights, kvCache, compute])).toEqual(
      first.parts.map(({ weights, kvCache, compute }) => [weights, kvCache, compute]),
    )
  })

  test.each([[{ contextLength: 16_384 }], [{ slots: 4 }], [{ kvType: 'q8_0' as const }]])(
    'improves the estimate at other settings too: %j',
    (changed) => {
      const learned = new LearnedMemory()
      learned.learn('llama', SETTINGS, placed(CPU), measured(placed(CPU), 1.3))
      const other = { ...SETTINGS, ...changed }
      const real = measured(placed(CPU, undefined, other), 1.3)[0]?.bytes ?? 0
      const before = placed(CPU, undefined, other).bytes[0]?.bytes ?? 0
      const after = placed(CPU, learned, other).bytes[0]?.bytes ?? 0
      expect(Math.abs(after / real - 1)).toBeLessThan(0.001)
      expect(Math.abs(before / real - 1)).toBeGreaterThan(0.1)
    },
  )

  test('on the CPU says nothing of the GPU', () => {
    const learned = new LearnedMemory()
    learned.learn('llama', SETTINGS, placed(CPU), measured(placed(CPU), 1.3))
    const onGpu = placed(GPU, learned).parts.find(({ device }) => device === 'gpu0')
    expect(onGpu?.learned).toBe(0)
  })

  test('may be less than the arithmetic', () => {
    const learned = new LearnedMemory()
    learned.learn('llama', SETTINGS, placed(CPU), measured(placed(CPU), 0.8))
    expect(placed(CPU, learned).parts[0]?.learned).toBeLessThan(0)
  })

  test('decides where a model fits', () => {
    const learned = new LearnedMemory()
    const room = [gpu(0, 7e9), ram(64e9)]
    expect(placed(room).kind).toBe('gpu')
    learned.learn('llama', SETTINGS, placed(room), measured(placed(room), 1.3))
    expect(placed(room, learned).kind).toBe('hybrid')
  })

  test('keeps the latest of the same load', () => {
    const learned = new LearnedMemory()
    learned.learn('llama', SETTINGS, placed(CPU), [{ device: 'ram', bytes: 6e9 }])
    learned.learn('llama', SETTINGS, placed(CPU, learned), [{ device: 'ram', bytes: 7e9 }])
    expect(placed(CPU, learned).bytes).toEqual([{ device: 'ram', bytes: 7e9 }])
    expect(placed(CPU, learned).parts[0]?.learned).not.toBe(0)
  })

  test('is of one model only, and can be forgotten', () => {
    const learned = new LearnedMemory()
    learned.learn('llama', SETTINGS, placed(CPU), measured(placed(CPU), 1.3))
    expect(learned.correction('other', SETTINGS)).toBeUndefined()
    learned.forget('llama')
    expect(learned.correction('llama', SETTINGS)).toBeUndefined()
  })

  test('of a load that told nothing, or of a model that is not ours, changes nothing', () => {
    const learned = new LearnedMemory()
    learned.learn('llama', SETTINGS, placed(CPU), [])
    const foreign: Placement = {
      kind: 'foreign',
      gpuLayers: 0,
      split: [],
      bytes: [],
      parts: [],
      reason: 'remote',
    }
    learned.learn('llama', SETTINGS, foreign, [{ device: 'ram', bytes: 1 }])
    expect(learned.correction('llama', SETTINGS)).toBeUndefined()
  })

  test('of many different loads keeps the latest', () => {
    const learned = new LearnedMemory()
    for (let n = 1; n <= 100; n++) {
      const settings = { ...SETTINGS, contextLength: n * 256 }
      learned.learn('llama', settings, placed(CPU, undefined, settings), [{ device: 'ram', bytes: 6e9 + n }])
    }
    const known = (n: number): number =>
      Object.keys(learned.correction('llama', { ...SETTINGS, contextLength: n * 256 })?.measured ?? {}).length
    expect([known(1), known(100)]).toEqual([0, 1])
    expect(JSON.stringify(learned).length).toBeLessThan(5000)
  })
})

describe('storing it', () => {
  test('gives the same back', () => {
    const learned = new LearnedMemory()
    learned.learn('llama', SETTINGS, placed(GPU), measured(placed(GPU), 1.2))
    const restored = LearnedMemory.fromJSON(JSON.parse(JSON.stringify(learned)))
    expect(placed(GPU, restored).bytes).toEqual(placed(GPU, learned).bytes)
    expect(restored.toJSON()).toEqual(learned.toJSON())
  })

  test.each([
    [null],
    ['text'],
    [{ version: 2, models: {} }],
    [{ version: 1, models: { llama: { measured: {}, scale: { gpu: 'much', host: 1 } } } }],
    [
      {
        version: 1,
        models: { llama: { measured: { x: [{ device: 'ram', bytes: -5 }] }, scale: { gpu: 1, host: 1 } } },
      },
    ],
  ])('ignores what is not its own: %j', (data) => {
    expect(LearnedMemory.fromJSON(data).correction('llama', SETTINGS)).toBeUndefined()
  })
})
