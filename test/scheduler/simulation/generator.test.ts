import { describe, expect, it } from 'vitest'
import {
  AZURE_CODE,
  AZURE_CONVERSATION,
  generate,
  type Arrivals,
  type TraceRequest,
  type Workload,
} from '@berth/scheduler/simulation'
import { model } from './machine.js'

const MODELS = ['a', 'b', 'c', 'd'].map((name) => model(name, 1))
const BASE: Workload = { seed: 1, requests: 20_000, models: MODELS, arrivals: { kind: 'poisson', rate: 10 } }

function requestsOf(rest: Partial<Workload> = {}): readonly TraceRequest[] {
  return [...generate({ ...BASE, ...rest })].flatMap((line) => (line.type === 'request' ? [line] : []))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function part<T>(all: readonly T[], holds: (one: T) => boolean): number {
  return all.filter(holds).length / all.length
}

function gaps(requests: readonly TraceRequest[]): readonly number[] {
  return requests.map(({ at }, i) => at - (requests[i - 1]?.at ?? 0))
}

const textOf = (seed: number) => JSON.stringify(requestsOf({ seed, requests: 500 }))

const withoutTime = ({ at: _at, ...others }: TraceRequest) => others

const expectAbout = (values: readonly number[], [median, average]: readonly [number, number]) => {
  const sorted = values.toSorted((a, b) => a - b)
  expect((sorted[sorted.length / 2] ?? 0) / median).toBeCloseTo(1, 1)
  expect(Math.abs(mean(values) / average - 1)).toBeLessThan(0.1)
}

describe('a generated trace', () => {
  it('is the same for a seed, and another for another', () => {
    expect(textOf(7)).toBe(textOf(7))
    expect(textOf(7)).not.toBe(textOf(8))
  })

  it('keeps its models, clients and lengths under other arrivals', () => {
    const bursts: Arrivals = { kind: 'bursts', rate: 10, onMs: 1_000, offMs: 1_000 }
    expect(requestsOf({ arrivals: bursts }).map(withoutTime)).toEqual(requestsOf().map(withoutTime))
  })

  it('has requests at the rate of a Poisson process', () => {
    const between = gaps(requestsOf())
    expect(mean(between)).toBeGreaterThan(97)
    expect(mean(between)).toBeLessThan(103)
    // Of exponential times, 1/e are longer than their mean.
    expect(part(between, (gap) => gap > 100)).toBeCloseTo(Math.exp(-1), 1.5)
  })

  it('rests between bursts', () => {
    const bursts: Arrivals = { kind: 'bursts', rate: 10, onMs: 10_000, offMs: 30_000 }
    const between = gaps(requestsOf({ arrivals: bursts, requests: 40_000 }))
    // On for a quarter of the time.
    expect(mean(between)).toBeGreaterThan(330)
    expect(mean(between)).toBeLessThan(470)
    expect(part(between, (gap) => gap > 2_000)).toBeGreaterThan(0.003)
  })

  it('has most requests at noon and fewest at midnight', () => {
    const wave: Arrivals = { kind: 'day-and-night', low: 1, high: 9, dayMs: 100_000 }
    const hours = requestsOf({ arrivals: wave }).map(({ at }) => Math.floor((at % 100_000) / 10_000))
    const each = (hour: number) => part(hours, (other) => other === hour)
    expect(each(4) / each(0)).toBeGreaterThan(4)
    // From five a second, on an average, over 20,000 of them.
    expect(requestsOf({ arrivals: wave }).at(-1)?.at).toBeGreaterThan(3_700_000)
    expect(requestsOf({ arrivals: wave }).at(-1)?.at).toBeLessThan(4_300_000)
  })

  it('wants models by Zipf’s law', () => {
    const all = requestsOf({ skew: 1 })
    const share = (name: string) => part(all, (one) => one.model === name)
    // 1 + 1/2 + 1/3 + 1/4 = 25/12.
    expect(share('a')).toBeCloseTo(12 / 25, 1.5)
    expect(share('d')).toBeCloseTo(3 / 25, 1.5)
    const alike = requestsOf({ skew: 0 })
    expect(part(alike, (one) => one.model === 'a')).toBeCloseTo(1 / 4, 1.5)
  })

  it.each([
    ['conversation', AZURE_CONVERSATION, { prompt: [1020, 1155], answer: [129, 211] }],
    ['code', AZURE_CODE, { prompt: [1469, 2048], answer: [13, 28] }],
  ] as const)('has the lengths of Azure’s trace of %s', (_name, lengths, { prompt, answer }) => {
    const all = requestsOf({ lengths })
    expectAbout(
      all.map((one) => one.promptTokens),
      prompt,
    )
    expectAbout(
      all.map((one) => one.outputTokens),
      answer,
    )
  })

  it('has log-normal lengths of the median and mean that are asked for', () => {
    const prompt = { kind: 'lognormal', median: 200, mean: 300 } as const
    const all = requestsOf({ lengths: { prompt, answer: { kind: 'fixed', tokens: 5 } } })
    const sorted = all.map((one) => one.promptTokens).toSorted((a, b) => a - b)
    expect((sorted[sorted.length / 2] ?? 0) / 200).toBeCloseTo(1, 1)
    expect(mean(sorted) / 300).toBeCloseTo(1, 1)
    expect(all.every((one) => one.outputTokens === 5)).toBe(true)
  })

  it('mixes clients by weight and class', () => {
    const all = requestsOf({
      clients: [
        { name: 'greedy', weight: 3, class: 'batch' },
        { name: 'user', count: 2, weight: 1, class: 'interactive' },
      ],
    })
    expect(part(all, (one) => one.client === 'greedy' && one.class === 'batch')).toBeCloseTo(0.75, 1.5)
    expect(new Set(all.map((one) => one.client))).toEqual(new Set(['greedy', 'user-1', 'user-2']))
  })

  it('ends after a time', () => {
    const lines = [...generate({ seed: 1, durationMs: 10_000, models: MODELS, arrivals: BASE.arrivals })]
    expect(lines.at(-1)).toEqual({ type: 'end', at: 10_000 })
    expect(lines.length).toBeGreaterThan(50)
  })

  it.each([
    [{ models: [] }, 'Expected models to name one model at least, got none'],
    [{ requests: 0 }, 'Expected requests to be above 0, got 0'],
    [{ skew: -1 }, 'Expected skew to be 0 or more, got -1'],
    [{ arrivals: { kind: 'poisson', rate: 0 } }, 'Expected rate to be above 0, got 0'],
    [{ arrivals: { kind: 'day-and-night', low: 2, high: 1 } }, 'Expected low to be from 0 to 1, got 2'],
  ] as const)('refuses %j', (rest, message) => {
    expect(() => [...generate({ ...BASE, ...rest })]).toThrow(message)
  })
})
