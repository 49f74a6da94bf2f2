import { chooseSlots, longestContext, MemoryBudget, mostSlots, place, profileFromGguf } from '@berth/budget'
import type { DeviceRoom, GgufMetadata, GgufProfile, KvType, MemorySettings, Verdict } from '@berth/budget'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs } from '../runs.js'
import { ENGINE, gpu, ram, unified } from './machines.js'

const RUNS = { numRuns: runs(300) }
const TYPES = ['Q8_0', 'Q4_0', 'Q4_K', 'F16'] as const
const KV_TYPES: readonly KvType[] = ['f16', 'q8_0', 'q4_0']

/** Llama-like models of every shape, some of them with windows or tied embeddings. */
const profiles: fc.Arbitrary<GgufProfile> = fc
  .record({
    layers: fc.integer({ min: 1, max: 40 }),
    width: fc.integer({ min: 1, max: 16 }).map((n) => n * 256),
    heads: fc.constantFrom(4, 8, 16),
    group: fc.constantFrom(1, 2, 4),
    feedForward: fc.integer({ min: 1, max: 64 }).map((n) => n * 256),
    vocabulary: fc.integer({ min: 256, max: 150_000 }),
    type: fc.constantFrom(...TYPES),
    tied: fc.boolean(),
    window: fc.constantFrom(0, 512, 4096),
    flashAttention: fc.boolean(),
    mmap: fc.constantFrom<true | false | 'unless-repacked'>(true, false, 'unless-repacked'),
  })
  .map((shape) =>
    profileFromGguf(metadataOf(shape), { ...ENGINE, flashAttention: shape.flashAttention, mmap: shape.mmap }),
  )

const settings: fc.Arbitrary<MemorySettings> = fc
  .record({
    contextLength: fc.integer({ min: 1, max: 16_384 }),
    slots: fc.integer({ min: 1, max: 8 }),
    kvType: fc.constantFrom(...KV_TYPES),
    maxGpuLayers: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
  })
  .map(({ maxGpuLayers, ...rest }) => ({ ...rest, ...(maxGpuLayers === undefined ? {} : { maxGpuLayers }) }))

const free = fc.integer({ min: 0, max: 12e9 })
const rooms: fc.Arbitrary<readonly DeviceRoom[]> = fc.oneof(
  free.map((bytes) => [unified(bytes)]),
  fc
    .tuple(fc.array(free, { maxLength: 3 }), free)
    .map(([gpus, host]) => [...gpus.map((bytes, n) => gpu(n, bytes)), ram(host)]),
)

describe('whatever the model, the settings and the room', () => {
  test('a placement fits into the room it was made for', () => {
    fc.assert(
      fc.property(profiles, settings, rooms, (profile, wanted, room) => {
        const verdict = place(profile, wanted, room)
        if (!verdict.fits) {
          expect(verdict.missing).toBeGreaterThan(0)
          expect(verdict.advice.length).toBeGreaterThan(0)
          return
        }
        const { placement } = verdict
        for (const { device, bytes } of placement.bytes) {
          expect(bytes).toBeLessThanOrEqual(room.find((one) => one.device.id === device)?.free ?? -1)
          expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true)
        }
        expect(placement.split.reduce((sum, { layers }) => sum + layers, 0)).toBe(placement.gpuLayers)
        expect(placement.gpuLayers).toBeLessThanOrEqual(wanted.maxGpuLayers ?? Infinity)
        expect(placement.reason).not.toBe('')
      }),
      RUNS,
    )
  })

  test('more room never gives a worse placement', () => {
    fc.assert(
      fc.property(
        profiles,
        settings,
        rooms,
        fc.array(free, { minLength: 4, maxLength: 4 }),
        (profile, wanted, room, more) => {
          const larger = room.map(({ device, free: bytes }, n) => ({ device, free: bytes + (more[n] ?? 0) }))
          expect(rank(place(profile, wanted, larger))).toBeGreaterThanOrEqual(
            rank(place(profile, wanted, room)),
          )
        },
      ),
      RUNS,
    )
  })

  test('the most slots and the longest context fit, and one more does not', () => {
    fc.assert(
      fc.property(profiles, settings, rooms, (profile, wanted, room) => {
        const fits = (changed: Partial<MemorySettings>): boolean =>
          place(profile, { ...wanted, ...changed }, room).fits
        const slots = mostSlots(profile, wanted, room)
        if (slots > 0) expect(fits({ slots })).toBe(true)
        if (slots < 256) expect(fits({ slots: slots + 1 })).toBe(false)
        const contextLength = longestContext(profile, wanted, room)
        if (contextLength > 0) expect(fits({ contextLength })).toBe(true)
        if (contextLength < 131_072) expect(fits({ contextLength: contextLength + 256 })).toBe(false)
      }),
      { numRuns: runs(100) },
    )
  })

  test('slots that nobody asked for take at most a quarter of what is free, and cost no better placement', () => {
    fc.assert(
      fc.property(profiles, settings, rooms, (profile, wanted, room) => {
        const slots = chooseSlots(profile, wanted, room)
        expect([1, 2, 4]).toContain(slots)
        const verdict = place(profile, { ...wanted, slots }, room)
        if (slots === 1 || !verdict.fits) return
        expect(rank(verdict)).toBeGreaterThanOrEqual(kindRank(place(profile, { ...wanted, slots: 1 }, room)))
        for (const { device, kvCache } of verdict.placement.parts) {
          expect(kvCache * 4).toBeLessThanOrEqual(room.find((one) => one.device.id === device)?.free ?? 0)
        }
      }),
      RUNS,
    )
  })

  test('a placement made for a budget’s room is granted by that budget', () => {
    fc.assert(
      fc.property(profiles, settings, rooms, (profile, wanted, room) => {
        const budget = new MemoryBudget(
          room.map(({ device }) => device),
          { margin: { fraction: 0.1 } },
        )
        const verdict = place(profile, wanted, budget.room())
        if (!verdict.fits) return
        expect(budget.claim(verdict.placement.bytes, 'model')).toMatchObject({
          kind: 'reservation',
          granted: true,
        })
      }),
      RUNS,
    )
  })
})

const KINDS = { foreign: 3, gpu: 3, hybrid: 2, cpu: 1 } as const

/** Higher is better: the kind first, then the layers on GPUs. */
function rank(verdict: Verdict): number {
  return kindRank(verdict) + (verdict.fits ? verdict.placement.gpuLayers : 0)
}

function kindRank(verdict: Verdict): number {
  return verdict.fits ? KINDS[verdict.placement.kind] * 1000 : 0
}

function metadataOf(shape: {
  layers: number
  width: number
  heads: number
  group: number
  feedForward: number
  vocabulary: number
  type: string
  tied: boolean
  window: number
}): GgufMetadata {
  const { layers, width, heads, group, feedForward, vocabulary, type, tied, window } = shape
  const kv = width / group
  return {
    values: {
      'general.architecture': 'gemma3',
      'gemma3.block_count': layers,
      'gemma3.embedding_length': width,
      'gemma3.feed_forward_length': feedForward,
      'gemma3.context_length': 131_072,
      'gemma3.attention.head_count': heads,
      'gemma3.attention.head_count_kv': heads / group,
      'gemma3.attention.sliding_window': window,
      'gemma3.vocab_size': vocabulary,
    },
    lengths: {},
    tensors: [
      { name: 'token_embd.weight', type, shape: [width, vocabulary] },
      ...(tied ? [] : [{ name: 'output.weight', type, shape: [width, vocabulary] }]),
      ...Array.from({ length: layers }, (_, layer) => [
        { name: `blk.${layer}.attn_q.weight`, type, shape: [width, width] },
        { name: `blk.${layer}.attn_k.weight`, type, shape: [width, kv] },
        { name: `blk.${layer}.attn_v.weight`, type, shape: [width, kv] },
        { name: `blk.${layer}.attn_output.weight`, type, shape: [width, width] },
        { name: `blk.${layer}.ffn_up.weight`, type, shape: [width, feedForward] },
        { name: `blk.${layer}.ffn_gate.weight`, type, shape: [width, feedForward] },
        { name: `blk.${layer}.ffn_down.weight`, type, shape: [feedForward, width] },
      ]).flat(),
    ],
  }
}
