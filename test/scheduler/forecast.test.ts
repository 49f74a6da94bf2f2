import type { Metrics } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { Arrivals } from '../../packages/scheduler/src/forecast/arrivals.js'
import { Forecast } from '../../packages/scheduler/src/forecast/forecast.js'
import { RecentMap } from '../../packages/scheduler/src/forecast/recent-map.js'
import { finished, generate, GiB, gpu, model, ram, world } from './world.js'

const A = { model: 'a', purpose: 'generate' } as const
const B = { model: 'b', purpose: 'generate' } as const

const asked = (name: string, client: string) => generate(name, { client, prompt: 'x'.repeat(400) })

function metrics(promptTokens: number, decodedTokens: number, cachedTokens = 0): Metrics {
  const promptMs = 2 * (promptTokens - cachedTokens)
  return { promptTokens, cachedTokens, promptMs, decodedTokens, decodeMs: 10 * decodedTokens }
}

describe('a load', () => {
  it('takes what this model has taken, else what its bytes take by the rate of all', () => {
    const forecast = new Forecast()
    expect(forecast.loadMs(A, GiB)).toBeCloseTo(1_074, 0)
    forecast.loaded(A, 2 * GiB, 4_000)
    expect(forecast.loadMs(A, 100 * GiB)).toBeCloseTo(4_000)
    expect(forecast.loadMs(B, 3 * GiB)).toBeCloseTo(6_000)
    // Loading for embeddings is a load of its own.
    expect(forecast.loadMs({ ...A, purpose: 'embed' }, GiB)).toBeCloseTo(2_000)
  })

  it('counts for less the longer ago it was', () => {
    const forecast = new Forecast()
    forecast.loaded(A, GiB, 10_000)
    for (let i = 0; i < 40; i += 1) forecast.loaded(A, GiB, 1_000)
    expect(forecast.loadMs(A, GiB)).toBeLessThan(1_100)
  })
})

describe('work', () => {
  it('is reckoned by the length of the prompt and of the answers that this client had, then this model, then all', () => {
    const forecast = new Forecast()
    expect(forecast.work(asked('a', 'x'))).toMatchObject({ promptTokens: 100, decodeTokens: 256 })
    forecast.answered(asked('a', 'x'), metrics(100, 20), 400)
    forecast.answered(asked('a', 'y'), metrics(100, 80), 1_000)
    expect(forecast.work(asked('a', 'x')).decodeTokens).toBeCloseTo(20)
    expect(forecast.work(asked('a', 'y')).decodeTokens).toBeCloseTo(80)
    // One that is new: the mean of the two, a little nearer to the later one.
    expect(forecast.work(asked('a', 'z')).decodeTokens).toBeCloseTo((0.9 * 20 + 80) / 1.9)
    expect(forecast.work(asked('b', 'z')).decodeTokens).toBeCloseTo((0.9 * 20 + 80) / 1.9)
    expect(forecast.work(asked('a', 'x')).ms).toBeCloseTo(2 * 100 + 10 * 20)
  })

  it('is no more than the request wants, and what it says of its prompt is believed', () => {
    const forecast = new Forecast()
    const work = forecast.work({ ...generate('a', { maxTokens: 7 }), promptTokens: 5_000 })
    expect(work).toMatchObject({ promptTokens: 5_000, decodeTokens: 7 })
    expect(forecast.work({ ...A })).toEqual({ promptTokens: 0, decodeTokens: 0, ms: 0 })
  })

  it('learns rates from what was computed, not from what was cached', () => {
    const forecast = new Forecast()
    forecast.answered(generate('a'), metrics(1_000, 10, 900), 300)
    expect(forecast.computeMs(A, 100, 0)).toBeCloseTo(200)
  })
})

describe('the next use of a model', () => {
  it('is the median of the gaps that are longer than it has been quiet', () => {
    const arrivals = new Arrivals()
    for (const at of [0, 1_000, 2_000, 12_000, 13_000, 23_000]) arrivals.add(at, 'x')
    expect(arrivals.nextInMs(23_500)).toBe(500)
    expect(arrivals.likelihood(1_000, 23_500)).toBeCloseTo(3 / 5)
    // Quiet for two seconds: one of the long gaps, then.
    expect(arrivals.nextInMs(25_000)).toBe(8_000)
    expect(arrivals.likelihood(1_000, 25_000)).toBe(0)
    expect(arrivals.nextInMs(60_000)).toBeNull()
  })

  it('leaves out the client who asks, for it waits for its own answer', () => {
    const arrivals = new Arrivals()
    for (const at of [0, 1_000, 2_000, 3_000]) arrivals.add(at, 'x')
    expect(arrivals.nextInMs(3_500)).toBe(500)
    expect(arrivals.nextInMs(3_500, 'x')).toBeNull()
    expect(arrivals.likelihood(10_000, 3_500, 'x')).toBe(0)
  })

  it('is unknown before there were four requests', () => {
    const arrivals = new Arrivals()
    for (const at of [0, 1_000, 2_000]) arrivals.add(at, 'x')
    expect(arrivals.nextInMs(2_100)).toBeNull()
    arrivals.add(3_000, 'x')
    expect(arrivals.nextInMs(3_100)).toBe(900)
  })

  it('is wanted the less often the longer nobody came', () => {
    const arrivals = new Arrivals()
    for (let i = 0; i < 100; i += 1) arrivals.add(i * 1_000, 'x')
    expect(arrivals.rate(100_000) * 1_000).toBeCloseTo(32 / 32)
    expect(arrivals.rate(10_000_000)).toBeLessThan(arrivals.rate(100_000) / 100)
  })
})

it('remembers so many names and no more: those that were used last', () => {
  const map = new RecentMap<string, number>(3)
  for (const name of ['a', 'b', 'c']) map.use(name, () => 1)
  map.use('a', () => 2)
  map.use('d', () => 1)
  expect([map.size, map.get('a'), map.get('b')]).toEqual([3, 1, undefined])
})

describe('the expected start of a waiting request', () => {
  it('is when the jobs before it are done, as long as jobs took; unknown before the first one', async () => {
    const w = world({ a: model(1, 0, { promptMs: 100, tokens: 90 }) }, [gpu(8), ram(8)], { policy: 'fifo' })
    const first = w.scheduler.submit(generate('a'))
    const second = w.scheduler.submit(generate('a'))
    void finished(first)
    void finished(second)
    await w.clock.advance(1_200)
    expect(first.waiting()).toBeNull()
    expect(second.waiting()?.startsInMs).toBeNull()
    // The first took 1 s; the second is done at 3 s.
    await w.clock.advance(1_000)
    const [third, fourth] = [w.scheduler.submit(generate('a')), w.scheduler.submit(generate('a'))]
    void finished(third)
    void finished(fourth)
    await w.clock.advance(300)
    const [soon, later] = [third, fourth].map((ticket) => ticket.waiting()?.startsInMs ?? 0)
    expect(Math.abs((soon ?? 0) - 500)).toBeLessThan(100)
    expect((later ?? 0) - (soon ?? 0)).toBeCloseTo(1_000)
    await w.clock.advance(10_000)
  })
})
