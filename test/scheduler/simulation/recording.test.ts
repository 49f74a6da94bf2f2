import { describe, expect, it } from 'vitest'
import type { SchedulerEvent, Snapshot } from '@berth/scheduler'
import {
  machineNamed,
  simulate,
  TraceRecorder,
  type ModelFacts,
  type TraceLine,
  type TraceModel,
  type TraceRequest,
} from '@berth/scheduler/simulation'
import { LeastSquares } from '../../../packages/scheduler/src/simulation/least-squares.js'
import { plainProfile } from '@berth/scheduler/testing'

const RATES = { loadMs: 2_000, stepMs: 10, sequenceMs: 2, promptTokenMs: 0.5 }
const FACTS: ModelFacts = { bytes: 1e9, profile: plainProfile({ weights: 1e9, kvPerToken: 1e5 }) }
const EMPTY: Snapshot = { seq: 0, at: 0, policy: 'fair', devices: [], runners: [], queue: [] }

const model = (name: string): TraceModel => ({ type: 'model', model: name, ...FACTS, rates: RATES })

const request = (at: number, rest: Partial<TraceRequest> = {}): TraceRequest => ({
  type: 'request',
  at,
  model: 'a',
  client: 'c1',
  class: 'normal',
  purpose: 'generate',
  promptTokens: 100,
  cachedTokens: 0,
  outputTokens: 20,
  ...rest,
})

const queued = (client: string): SchedulerEvent => ({
  seq: 1,
  at: 0,
  type: 'queued',
  request: `r-${client}`,
  model: 'a',
  purpose: 'generate',
  class: 'normal',
  client,
  position: 1,
  waiting: 1,
})

const finished = (client: string): SchedulerEvent => ({
  seq: 2,
  at: 0,
  type: 'finished',
  request: `r-${client}`,
  model: 'a',
  runner: 'm1',
  reason: 'stop',
  metrics: { promptTokens: 1, cachedTokens: 0, promptMs: 1, decodedTokens: 1, decodeMs: 1 },
})

const ofRequest = (id: string) => ({ seq: 1, at: 0, request: id, model: 'a' }) as const

const near = (learned: number, real: number) => Math.abs(learned / real - 1)

/** Runs a trace, and what a recorder makes of it. */
async function recorded(trace: readonly TraceLine[]): Promise<{
  readonly recorder: TraceRecorder
  readonly requests: readonly TraceRequest[]
}> {
  const recorder = new TraceRecorder(EMPTY)
  const requests: TraceRequest[] = []
  await simulate({
    trace: () => trace,
    machine: machineNamed('rtx-4090'),
    observe: ({ event }) => {
      if (event.type === 'state' && event.to === 'loading') recorder.know(event.model, event.purpose, FACTS)
      requests.push(...recorder.hear(event))
    },
  })
  return { recorder, requests }
}

describe('a trace that is recorded', () => {
  it('has the requests in the order in which they came, with what they turned out to be', async () => {
    const trace = [
      request(0, { outputTokens: 300 }),
      request(50, { client: 'c2', class: 'interactive', promptTokens: 40, cachedTokens: 10 }),
      request(60, { purpose: 'embed', outputTokens: 0, class: 'batch' }),
      request(9_000, { maxTokens: 5, outputTokens: 50, contextLength: 2_048, keepAliveMs: 60_000 }),
    ]
    const { requests } = await recorded([{ type: 'trace', version: 1 }, model('a'), ...trace])
    expect(requests).toEqual([
      ...trace.slice(0, 3),
      // What the model had to say beyond what it was allowed to, nobody has seen.
      { ...trace[3], outputTokens: 5 },
    ])
  })

  it('numbers clients as they come, unless their names are to be kept', () => {
    for (const [keepNames, names] of [
      [false, ['c1', 'c2']],
      [true, ['ann', 'bob']],
    ] as const) {
      const recorder = new TraceRecorder(EMPTY, { keepNames })
      for (const name of ['ann', 'bob']) recorder.hear(queued(name))
      expect(recorder.hear(finished('bob'))).toEqual([])
      expect(recorder.hear(finished('ann')).map(({ client }) => client)).toEqual(names)
    }
  })

  it('leaves out what never began, and waits for nobody because of it', () => {
    const recorder = new TraceRecorder(EMPTY)
    for (const id of ['r1', 'r2'])
      recorder.hear({
        ...ofRequest(id),
        type: 'queued',
        purpose: 'generate',
        class: 'normal',
        client: 'x',
        position: 1,
        waiting: 1,
      })
    const metrics = { promptTokens: 3, cachedTokens: 0, promptMs: 1, decodedTokens: 2, decodeMs: 1 }
    expect(
      recorder.hear({ ...ofRequest('r2'), type: 'finished', runner: 'm1', reason: 'stop', metrics }),
    ).toEqual([])
    expect(recorder.hear({ ...ofRequest('r1'), type: 'refused', code: 'deadline', why: '' })).toHaveLength(1)
    expect(recorder.leftOut).toBe(1)
  })

  it('tells how fast its models were: by it, they take the same time again', async () => {
    const busy = Array.from({ length: 200 }, (_, i) =>
      request(Math.floor(i / 3) * 400 + (i % 3) * 60, {
        model: i % 5 === 0 ? 'b' : 'a',
        promptTokens: 50 + ((i * 97) % 400),
        outputTokens: 10 + ((i * 31) % 60),
      }),
    )
    const { recorder } = await recorded([{ type: 'trace', version: 1 }, model('a'), model('b'), ...busy])
    const models = recorder.models()
    expect(models.map(({ model: name }) => name).toSorted()).toEqual(['a', 'b'])
    const {
      loadMs = 0,
      stepMs = 0,
      sequenceMs = 0,
      promptTokenMs = 0,
    } = models.find(({ model: name }) => name === 'a')?.rates ?? {}
    // Both were loaded at a time, and which part of that is the disk's, which is shared, no event says.
    expect(near(loadMs, RATES.loadMs)).toBeLessThan(0.3)
    expect(near(promptTokenMs, RATES.promptTokenMs)).toBeLessThan(0.25)
    // Which part of a step is its own and which its sequences' is told apart less well than their sum.
    expect(near(stepMs + 2 * sequenceMs, RATES.stepMs + 2 * RATES.sequenceMs)).toBeLessThan(0.25)
  })
})

it('explains sums by factors that are not negative, and by the fewest', () => {
  const fit = new LeastSquares(3)
  expect(fit.solve()).toBeNull()
  for (const [a, b, c] of [
    [1, 2, 0],
    [2, 1, 5],
    [3, 3, 1],
    [1, 0, 0],
  ] as const)
    fit.add([a, b, c], 4 * a + 2 * b, 1)
  expect(fit.solve()?.map((factor) => Math.round(factor * 1e6) / 1e6)).toEqual([4, 2, 0])

  const alike = new LeastSquares(2)
  for (const a of [1, 2, 3]) alike.add([a, 2 * a], 6 * a, 1)
  expect(alike.solve()).toEqual([6, 0])

  const falling = new LeastSquares(2)
  for (const a of [1, 2, 3]) falling.add([1, a], 10 - a, 1)
  expect(falling.solve()?.every((factor) => factor >= 0)).toBe(true)
})
