import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PolicyName } from '@berth/scheduler'
import { generate, machineNamed, simulate, type Workload } from '@berth/scheduler/simulation'
import { runs } from '../../runs.js'
import { machine, model, request, traceOf } from './machine.js'

const MODELS = Array.from({ length: 8 }, (_, i) => model(`m${i}`, 1 + (i % 3)))

const BUSY: Workload = {
  seed: 3,
  requests: 250,
  models: MODELS,
  arrivals: { kind: 'poisson', rate: 1.5 },
  lengths: {
    prompt: { kind: 'lognormal', median: 100, mean: 150 },
    answer: { kind: 'lognormal', median: 20, mean: 40 },
  },
  clients: [
    { name: 'greedy', weight: 3, class: 'batch' },
    { name: 'user', count: 3, weight: 1, class: 'interactive' },
    { name: 'other', count: 3 },
  ],
}

describe('a simulation', () => {
  it.each(['fifo', 'fair', 'shortest'] as const)(
    'gives the same report to the byte, under %s',
    async (policy) => {
      const once = async () =>
        JSON.stringify(
          await simulate({
            trace: () => generate(BUSY),
            machine: machine(8),
            settings: { policy, slots: 2 },
          }),
        )
      expect(await once()).toBe(await once())
    },
  )

  it('counts every request once, by class and by client', async () => {
    const report = await simulate({
      trace: () => generate(BUSY),
      machine: machine(8),
      settings: { maxQueue: 5, slots: 2 },
    })
    const { all, byClass, byClient, lost } = report
    expect(all.requests).toBe(250)
    expect(all.finished + all.lost).toBe(250)
    expect(lost['queue-full']).toBeGreaterThan(0)
    for (const outcomes of [Object.values(byClass), byClient]) {
      for (const field of ['requests', 'finished', 'lost', 'decodedTokens', 'promptTokens'] as const) {
        expect(outcomes.reduce((sum, outcome) => sum + outcome[field], 0)).toBe(all[field])
      }
    }
    expect(byClient.map(({ client }) => client)).toContain('user-3')
  })

  it('never beats what it calls a bound', async () => {
    for (const policy of ['fifo', 'fair', 'shortest'] satisfies PolicyName[]) {
      const { all, bounds, makespanMs, swaps } = await simulate({
        trace: () => generate(BUSY),
        machine: machine(8),
        settings: { policy, slots: 2 },
      })
      expect(all.lost).toBe(0)
      for (const part of ['p50', 'p90', 'p99', 'mean', 'max'] as const) {
        expect(all.firstToken[part]).toBeGreaterThanOrEqual(bounds.firstToken[part])
        expect(all.end[part]).toBeGreaterThanOrEqual(bounds.end[part])
      }
      expect(makespanMs).toBeGreaterThan(bounds.makespanMs)
      expect(swaps.loads).toBeGreaterThanOrEqual(bounds.loads)
    }
  })

  it('keeps what it reserves within the memory, and says what it held over time', async () => {
    const { devices, series } = await simulate({
      trace: () => generate(BUSY),
      machine: machine(8),
      settings: { slots: 2 },
    })
    const [gpu] = devices
    expect(gpu?.peakBytes).toBeGreaterThan(0)
    expect(gpu?.peakBytes).toBeLessThanOrEqual(gpu?.capacity ?? 0)
    expect(gpu?.busy).toBeGreaterThan(0)
    expect(gpu?.busy).toBeLessThanOrEqual(1)
    const held = series.values['bytes gpu0'] ?? []
    expect(held.length).toBeGreaterThan(100)
    expect(held.length).toBeLessThanOrEqual(512)
    expect(Math.max(...held)).toBeLessThanOrEqual(gpu?.peakBytes ?? 0)
    expect(held.reduce((sum, bytes) => sum + bytes, 0) / held.length / (gpu?.meanBytes ?? 0)).toBeCloseTo(
      1,
      1,
    )
  })

  it('is fairer by tokens under fair than under fifo, where one client asks for more', async () => {
    const greedy = generate({
      ...BUSY,
      models: MODELS.slice(0, 1),
      arrivals: { kind: 'poisson', rate: 40 },
      clients: [
        { name: 'greedy', weight: 9 },
        { name: 'modest', weight: 1 },
      ],
    })
    const lines = [...greedy]
    const jain = async (policy: PolicyName) => {
      const settings = { policy, slots: 2, maxWaitMs: 3_600_000 }
      const { fairness } = await simulate({
        trace: () => lines,
        machine: machine(8),
        settings,
        fairnessWindowMs: 5_000,
      })
      expect(fairness.windows).toBeGreaterThan(0)
      return fairness.jain
    }
    expect(await jain('fair')).toBeGreaterThan((await jain('fifo')) + 0.1)
  })

  it('says how often what was promised was kept', async () => {
    const trace = traceOf(model('a', 1), request(0, 'a'), request(10_000, 'a'), request(20_000, 'a'))
    // The first waits for the load, which takes 1,200 ms; each has its first token 100 ms after it starts.
    const kept = async (firstTokenMs: number) =>
      (await simulate({ trace, machine: machine(8), slo: { normal: { firstTokenMs } } })).all.sloAttained
    expect(await kept(1_400)).toBe(1)
    expect(await kept(1_000)).toBe(0.667)
    expect(await kept(50)).toBe(0)
  })

  it('ends when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(simulate({ trace: () => generate(BUSY), machine: machine(8), signal })).rejects.toThrow(
      'enough',
    )
  })

  it('runs on every preset', async () => {
    for (const name of ['laptop-8gb', 'apple-32gb', 'rtx-4090', 'a100', 'h100', '8x-h100']) {
      const { all } = await simulate({
        trace: () => generate({ ...BUSY, requests: 30, models: [{ type: 'model', model: 'm', bytes: 5e9 }] }),
        machine: machineNamed(name),
      })
      expect(all.finished, name).toBe(30)
      expect(all.firstToken.p50, name).toBeGreaterThan(0)
    }
    expect(() => machineNamed('vax')).toThrow('There is no machine "vax": expected one of laptop-8gb')
  })
})

/** One request at a time over models of one size: what is loaded depends on eviction alone. */
const oneByOne = (wanted: readonly number[]) =>
  traceOf(
    ...MODELS.map(({ model: name }) => model(name, 2)),
    ...wanted.map((which, i) => request(i * 60_000, `m${which}`)),
  )

/** The fewest loads of models of one size, one request after the other, with room for so many. */
function belady(wanted: readonly number[], room: number): number {
  const held = new Set<number>()
  let loads = 0
  for (const [i, which] of wanted.entries()) {
    if (held.has(which)) continue
    loads += 1
    if (held.size === room) {
      const next = (other: number) => (wanted.indexOf(other, i) < 0 ? Infinity : wanted.indexOf(other, i))
      const [last] = [...held].toSorted((a, b) => (next(a) === next(b) ? 0 : next(b) - next(a)))
      if (last !== undefined) held.delete(last)
    }
    held.add(which)
  }
  return loads
}

describe('the oracle', () => {
  const settings = { slots: 1, keepAliveMs: -1, starvationMs: 0 }

  it('evicts who is wanted again last', async () => {
    // Room for two: at the third, who was used last is wanted next, so that lru throws out the wrong one each time.
    const trace = oneByOne([0, 1, 2, 0, 1, 2, 0, 1, 2])
    const lru = await simulate({ trace, machine: machine(5), settings })
    const oracle = await simulate({ trace, machine: machine(5), settings, oracle: true })
    expect(lru.swaps.loads).toBe(9)
    // By hand: 0, 1, 2 for 1 (0 is next), 0 stays, 1 for 0 (2 is next), 2 stays, 0 for 2 (1 is next), 1 stays, 2.
    expect(oracle.swaps.loads).toBe(6)
    expect(oracle.eviction).toBe('farthest-next-use')
  })

  it('loads no more than lru or cost do, and as often as Belady’s count says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 25 }), async (wanted) => {
        const trace = oneByOne(wanted)
        const loads = async (rest: object) =>
          (await simulate({ trace, machine: machine(7), settings: { ...settings, ...rest } })).swaps.loads
        const { swaps } = await simulate({ trace, machine: machine(7), settings, oracle: true })
        expect(swaps.loads).toBe(belady(wanted, 3))
        expect(swaps.loads).toBeLessThanOrEqual(await loads({ eviction: 'lru' }))
        expect(swaps.loads).toBeLessThanOrEqual(await loads({ eviction: 'cost' }))
      }),
      { numRuns: runs(40) },
    )
  })
})

describe('any trace', () => {
  const requests = fc.array(
    fc.record({
      gap: fc.integer({ min: 0, max: 3_000 }),
      which: fc.nat(7),
      promptTokens: fc.integer({ min: 0, max: 6_000 }),
      cachedTokens: fc.nat(500),
      outputTokens: fc.nat(200),
      class: fc.constantFrom('interactive', 'normal', 'batch'),
      keepAliveMs: fc.constantFrom(-1, 0, 1_000, 60_000),
      embeds: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  )

  it('comes to an end, with each request counted, and within the memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        requests,
        fc.constantFrom('fifo', 'fair', 'shortest'),
        fc.constantFrom('lru', 'cost'),
        fc.boolean(),
        async (list, policy, eviction, oracle) => {
          let at = 0
          const lines = list.map(({ gap, which, embeds, ...rest }) => {
            at += gap
            return request(at, `m${which}`, { ...rest, ...(embeds ? { purpose: 'embed' as const } : {}) })
          })
          const { all, devices, makespanMs } = await simulate({
            trace: traceOf(...MODELS, ...lines),
            machine: machine(6, 2),
            settings: { policy, eviction, maxWaitMs: 120_000 },
            oracle,
          })
          expect(all.finished + all.lost).toBe(lines.length)
          expect(makespanMs).toBeGreaterThan(0)
          for (const { busy, peakBytes, capacity } of devices) {
            expect(busy).toBeLessThanOrEqual(1)
            expect(peakBytes).toBeLessThanOrEqual(capacity)
          }
        },
      ),
      { numRuns: runs(40) },
    )
  })
})
