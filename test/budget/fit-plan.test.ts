import {
  bytesOf,
  emptyRoom,
  machineOf,
  MACHINE_PRESETS,
  parametersOf,
  place,
  PLANNED_ENGINE,
  planFit,
  planTogether,
  profileFromGguf,
  profileFromNumbers,
  profileFromWebLlm,
} from '@berth/budget'
import type { DeviceRoom, FitPlan, GgufProfile, KvType, MemorySettings, ModelNumbers } from '@berth/budget'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs } from '../runs.js'
import { gpu, ram, unified } from './machines.js'
import { published } from './published/published-models.js'

const SETTINGS: MemorySettings = { contextLength: 2048, slots: 1, kvType: 'f16' }

/** The figures of Llama 3 8B, as a card has them. */
const LLAMA: ModelNumbers = {
  layers: 32,
  kvHeads: 8,
  headSize: 128,
  hidden: 4096,
  vocabulary: 128_256,
  weights: 4_912_898_048,
}

const numbers: fc.Arbitrary<ModelNumbers> = fc.record({
  layers: fc.integer({ min: 1, max: 60 }),
  kvHeads: fc.constantFrom(1, 2, 8),
  headSize: fc.constantFrom(64, 128),
  hidden: fc.integer({ min: 1, max: 16 }).map((n) => n * 256),
  vocabulary: fc.integer({ min: 256, max: 150_000 }),
  weights: fc.integer({ min: 1, max: 40e9 }),
  tiedOutput: fc.boolean(),
})

const profiles = numbers.map((each) => profileFromNumbers(each, PLANNED_ENGINE))

const settings: fc.Arbitrary<MemorySettings> = fc.record({
  contextLength: fc.integer({ min: 1, max: 16_384 }),
  slots: fc.integer({ min: 1, max: 8 }),
  kvType: fc.constantFrom<KvType>('f16', 'q8_0', 'q4_0'),
})

const free = fc.integer({ min: 0, max: 24e9 })
const rooms: fc.Arbitrary<readonly DeviceRoom[]> = fc.oneof(
  free.map((bytes) => [unified(bytes)]),
  fc
    .tuple(fc.array(free, { maxLength: 3 }), free)
    .map(([gpus, host]) => [...gpus.map((bytes, n) => gpu(n, bytes)), ram(host)]),
)

describe('a plan', () => {
  test('takes what it says it takes: the parts of each device add up to what the placement reserves', () => {
    fc.assert(
      fc.property(profiles, settings, rooms, (profile, wanted, room) => {
        const plan = planFit(profile, wanted, room)
        expect(plan.devices.map(({ on }) => on)).toEqual(room.map(({ device }) => device))
        for (const { weights, kvCache, compute, overhead, learned, bytes } of plan.devices)
          expect(weights + kvCache + compute + overhead + learned).toBe(bytes)
        const verdict = place(profile, wanted, room)
        if (verdict.fits) {
          expect(plan.kind).toBe(verdict.placement.kind)
          for (const { on, bytes } of plan.devices)
            expect(bytes).toBe(bytesOf(verdict.placement.bytes, on.id))
          expect(plan.longestContext).toBeGreaterThanOrEqual(Math.floor(wanted.contextLength / 256) * 256)
          expect(plan.mostSlots).toBeGreaterThanOrEqual(wanted.slots)
        } else {
          expect(plan.kind).toBe('cannot')
          // It is shown how it is too large: some memory would have to hold more than it has.
          expect(plan.devices.some(({ bytes, free: has }) => bytes > has)).toBe(true)
          expect(plan.mostSlots).toBeLessThan(wanted.slots)
        }
        expect(plan.mostSlotsOnGpu).toBeLessThanOrEqual(plan.mostSlots)
        expect(plan.longestContextOnGpu).toBeLessThanOrEqual(plan.longestContext)
      }),
      { numRuns: runs(80) },
    )
  })

  test('of several models at once takes no more than there is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ profile: profiles, settings }), { minLength: 1, maxLength: 4 }),
        rooms,
        (models, room) => {
          const plans = planTogether(models, room)
          expect(plans).toHaveLength(models.length)
          for (const { device, free: has } of room) {
            const taken = plans
              .filter(({ verdict }) => verdict.fits)
              .flatMap(({ devices }) => devices.filter(({ on }) => on.id === device.id))
            expect(taken.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(has)
          }
        },
      ),
      { numRuns: runs(40) },
    )
  })

  test('of a WebLLM model that is too large says what the GPU would have to hold', () => {
    const profile = profileFromWebLlm({ model: 'large', vramMB: 6000, contextLength: 4096 })
    const plan = planFit(profile, SETTINGS, [gpu(0, 4e9), ram(16e9)])
    expect(plan.kind).toBe('cannot')
    expect(plan.devices[0]?.bytes).toBeGreaterThan(4e9)
    expect(plan.devices[1]?.bytes).toBe(0)
  })
})

describe('a model by its numbers', () => {
  test.each([
    ['llama-3-8b', {}],
    ['llama-3-8b', { feedForward: 14_336, heads: 32 }],
    ['qwen3-14b', { feedForward: 17_408 }],
    ['llama-3-70b', {}],
  ] as const)('takes within 2% of what the file of %s takes, with %j', (model, more) => {
    const exact = profileFromGguf(published(model), PLANNED_ENGINE)
    const values = published(model).values
    const of = (key: string): number => Number(values[`${exact.architecture}.${key}`])
    const heads = of('attention.head_count')
    const byNumbers = profileFromNumbers(
      {
        layers: of('block_count'),
        kvHeads: of('attention.head_count_kv'),
        headSize: of('embedding_length') / heads,
        hidden: of('embedding_length'),
        vocabulary: exact.graph.vocabulary,
        weights: weightsOf(exact),
        ...more,
      },
      PLANNED_ENGINE,
    )
    const room = emptyRoom(machineOf([80e9], 64e9), 0)
    const [a, b] = [planFit(exact, SETTINGS, room), planFit(byNumbers, SETTINGS, room)]
    expect(b.kind).toBe('gpu')
    expect(kvOf(b)).toBe(kvOf(a))
    expect(Math.abs(totalOf(b) / totalOf(a) - 1)).toBeLessThan(0.02)
  })

  test('has all of the weights, to the byte', () => {
    fc.assert(
      fc.property(numbers, (each) => {
        expect(weightsOf(profileFromNumbers(each, PLANNED_ENGINE))).toBe(each.weights)
      }),
    )
  })

  test('counts the parameters that its figures make', () => {
    expect(parametersOf(LLAMA) / 8_030_261_248).toBeCloseTo(1, 2)
  })

  test.each([
    [{ layers: 0 }, 'Expected layers to be a whole number from 1 to 4096, got 0'],
    [{ weights: 1.5 }, /Expected weights to be a whole number from 1 to \d+, got 1.5/],
    [{ kvHeads: Number.NaN }, /Expected kvHeads .* got NaN/],
  ])('refuses %j', (wrong, message) => {
    expect(() => profileFromNumbers({ ...LLAMA, ...wrong }, PLANNED_ENGINE)).toThrow(message)
  })
})

describe('the machines to choose from', () => {
  test('have names of their own, host memory, and more room the larger they are', () => {
    expect(new Set(MACHINE_PRESETS.map(({ id }) => id)).size).toBe(MACHINE_PRESETS.length)
    for (const { devices } of MACHINE_PRESETS) {
      expect(devices.filter(({ kind }) => kind !== 'gpu')).toHaveLength(1)
      expect(new Set(devices.map(({ id }) => id)).size).toBe(devices.length)
    }
    expect(['laptop-8gb', 'rtx-4090', 'apple-64gb', '8x-h100'].map(kindOn)).toEqual([
      'cannot',
      'hybrid',
      'gpu',
      'gpu',
    ])
  })
})

function kindOn(id: string): string | undefined {
  const machine = MACHINE_PRESETS.find((one) => one.id === id)
  const profile = profileFromGguf(published('llama-3-70b'), PLANNED_ENGINE)
  return machine && planFit(profile, SETTINGS, emptyRoom(machine.devices, 0.05)).kind
}

function weightsOf({ layers, input, output }: GgufProfile): number {
  return layers.reduce((sum, { weights }) => sum + weights.bytes, input.bytes + output.bytes)
}

function kvOf({ devices }: FitPlan): number {
  return devices.reduce((sum, { kvCache }) => sum + kvCache, 0)
}

function totalOf({ devices }: FitPlan): number {
  return devices.reduce((sum, { bytes }) => sum + bytes, 0)
}
