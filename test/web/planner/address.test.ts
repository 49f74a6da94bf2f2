import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs } from '../../runs.js'
import { MACHINE_PRESETS } from '@berth/budget'
import { decodeAddress } from '../../../apps/web/src/planner/address/decode.js'
import { encodeAddress } from '../../../apps/web/src/planner/address/encode.js'
import { KNOWN_MODELS } from '../../../apps/web/src/planner/known-models.js'
import { DEFAULT_STATE, KV_TYPES } from '../../../apps/web/src/planner/state.js'
import type { MachineRef, ModelRef, PlannerState } from '../../../apps/web/src/planner/state.js'

const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 30 }),
  fc.constantFrom('büro:7b', '模型', 'a,b&c=d#e%f+g'),
)
const path = fc.stringMatching(/^[\w./?=&%+-]{1,30}$/)
const address = path.map((text) => `https://models.example/${text}`)
const server = fc.constantFrom('', 'http://192.168.1.20:11434', 'https://berth.example/behind')
const figure = fc.integer({ min: 0, max: 1e12 })

const models: fc.Arbitrary<ModelRef> = fc.oneof(
  fc.constantFrom(...KNOWN_MODELS).map(({ id }) => ({ kind: 'known' as const, id })),
  address.map((url) => ({ kind: 'gguf' as const, url })),
  fc.record({ kind: fc.constant('server' as const), address: server, name }),
  name.map((id) => ({ kind: 'webllm' as const, id })),
  fc.record({
    kind: fc.constant('numbers' as const),
    name: fc.string({ maxLength: 20 }),
    numbers: fc.record({
      layers: figure,
      kvHeads: figure,
      headSize: figure,
      hidden: figure,
      vocabulary: figure,
      weights: figure,
    }),
  }),
)

const machines: fc.Arbitrary<MachineRef> = fc.oneof(
  fc.constant({ kind: 'browser' as const }),
  server.map((at) => ({ kind: 'server' as const, address: at })),
  fc.constantFrom(...MACHINE_PRESETS).map(({ id }) => ({ kind: 'preset' as const, id })),
  fc.record({
    kind: fc.constant('own' as const),
    vram: fc.array(fc.integer({ min: 1, max: 1024 }), { maxLength: 8 }),
    ram: fc.integer({ min: 1, max: 16_384 }),
  }),
)

const states: fc.Arbitrary<PlannerState> = fc.record({
  tab: fc.constantFrom('fits', 'what-if'),
  fits: fc.record({
    models: fc.array(models, { maxLength: 8 }),
    together: fc.boolean(),
    machine: machines,
    contextLength: fc.integer({ min: 256, max: 2 ** 20 }),
    slots: fc.integer({ min: 1, max: 256 }),
    kvType: fc.constantFrom(...KV_TYPES),
  }),
  whatIf: fc.record({
    example: fc.stringMatching(/^[a-z-]{1,20}$/),
    machine: fc.stringMatching(/^[a-z0-9-]{0,20}$/),
    columns: fc.array(
      fc.record({
        policy: fc.constantFrom('fifo', 'fair', 'shortest'),
        eviction: fc.constantFrom('lru', 'cost', 'oracle'),
        preempt: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    step: fc.integer({ min: 0, max: 1e6 }),
  }),
})

describe('the planner’s address', () => {
  test('shows to others what it showed here', () => {
    fc.assert(
      fc.property(states, (state) => {
        const hash = encodeAddress(state)
        expect(decodeAddress(hash)).toEqual({ state, problems: [] })
        // As a browser hands it back: it escapes some of what stands in a hash by itself.
        expect(decodeAddress(new URL(hash, 'https://berth.example').hash)).toEqual({ state, problems: [] })
      }),
      { numRuns: runs(100) },
    )
  })

  test('is short where all is as usual, and can be read', () => {
    expect(encodeAddress(DEFAULT_STATE)).toBe('#/planner?v=1')
    const { fits } = DEFAULT_STATE
    const hash = encodeAddress({
      ...DEFAULT_STATE,
      fits: { ...fits, models: [{ kind: 'known', id: 'qwen3-8b' }], machine: { kind: 'preset', id: 'h100' } },
    })
    expect(hash).toBe('#/planner?v=1&m=known:qwen3-8b&on=preset:h100')
  })

  test('whatever it says, there is something to show', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const { state, problems } = decodeAddress(`#/planner?${text}`)
        expect(decodeAddress(encodeAddress(state))).toEqual({ state, problems: [] })
        expect(Array.isArray(problems)).toBe(true)
      }),
      { numRuns: runs(100) },
    )
    expect(decodeAddress('#/planner')).toEqual({ state: DEFAULT_STATE, problems: [] })
  })

  test.each([
    ['v=9', /^This link was made by another version of the planner \(v=9, here 1\)/],
    ['m=known:gpt-9', /^The link says m=known:gpt-9: expected a model/],
    ['m=gguf:javascript:alert(1)', /expected a model/],
    ['on=own:8', /^The link says on=own:8: expected a machine/],
    ['on=own:8,8,8,8,8,8,8,8,8/16', /expected a machine/],
    ['ctx=12', /^The link says ctx=12: expected a whole number from 256 to 1048576\.$/],
    ['slots=1.5', /expected a whole number from 1 to 256/],
    ['kv=q9', /expected one of f16/],
    ['p=best', /expected a policy, such as fair,lru,preempt/],
    [Array.from({ length: 9 }, () => 'm=known:qwen3-4b').join('&'), /names 9 models; the first 8 are shown/],
  ])('says what it does not understand of %s, and shows the rest', (query, problem) => {
    const { state, problems } = decodeAddress(
      `#/planner?${query}&kv=${query.startsWith('kv') ? 'x' : 'q8_0'}`,
    )
    expect(problems[0]).toMatch(problem)
    if (!query.startsWith('kv')) expect(state.fits.kvType).toBe('q8_0')
  })
})
