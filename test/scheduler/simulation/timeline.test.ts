import { describe, expect, it } from 'vitest'
import type { SchedulerEvent } from '@berth/scheduler'
import { simulate, type SimulationOptions } from '@berth/scheduler/simulation'
import { GiB, machine, model, request, traceOf } from './machine.js'

/** A load takes a second, a request 900 ms: 100 for its prompt, and 10 steps of 80. */
const RATES = { loadMs: 1_000, promptTokenMs: 1, stepMs: 80 }

/** What happened, a line an event: "1000 a running". */
async function storyOf(options: SimulationOptions) {
  const events: SchedulerEvent[] = []
  const report = await simulate({ ...options, observe: ({ event }) => events.push(event) })
  const story = events.flatMap((event) => {
    const at = Math.round(event.at)
    if (event.type === 'state') return [`${at} ${event.model} ${event.to}`]
    return event.type === 'running' || event.type === 'finished' ? [`${at} ${event.model} ${event.type}`] : []
  })
  return { report, story, events }
}

describe('two models of 7 GiB and three users', () => {
  const example = traceOf(
    model('llama3-8b', 5, { shape: { layers: 32, kvBytesPerToken: (2 * GiB) / 4096 }, rates: RATES }),
    model('qwen3-8b', 5, { shape: { layers: 32, kvBytesPerToken: (2 * GiB) / 4096 }, rates: RATES }),
    request(0, 'llama3-8b', { client: 'A' }),
    request(3_000, 'qwen3-8b', { client: 'B', keepAliveMs: 4_000 }),
    request(6_000, 'llama3-8b', { client: 'C' }),
    { type: 'end', at: 10_000 },
  )

  it('loads, infers, loads, infers, reuses, infers, and unloads at 9 s', async () => {
    const { report, story } = await storyOf({ trace: example, machine: machine(16), settings: { slots: 1 } })
    expect(story).toEqual([
      '0 llama3-8b loading',
      '1000 llama3-8b ready',
      '1000 llama3-8b running',
      '1000 llama3-8b busy',
      '1900 llama3-8b ready',
      '1900 llama3-8b finished',
      '3000 qwen3-8b loading',
      '4000 qwen3-8b ready',
      '4000 qwen3-8b running',
      '4000 qwen3-8b busy',
      '4900 qwen3-8b ready',
      '4900 qwen3-8b finished',
      '6000 llama3-8b running',
      '6000 llama3-8b busy',
      '6900 llama3-8b ready',
      '6900 llama3-8b finished',
      '8900 qwen3-8b unloading',
      '9000 qwen3-8b idle',
    ])
    expect(report.swaps).toMatchObject({ loads: 2, reloads: 0, evictions: 1, hitRate: 0.333 })
    expect(report.devices[0]?.peakBytes).toBeCloseTo(14 * GiB, -5)
  })

  it('swaps back where there is room for one', async () => {
    const settings = { slots: 1, starvationMs: 0 }
    const { report } = await storyOf({ trace: example, machine: machine(8), settings })
    expect(report.swaps).toMatchObject({ loads: 3, reloads: 1 })
  })

  it('shows a snapshot at every event', async () => {
    const seen: string[] = []
    await simulate({
      trace: example,
      machine: machine(16),
      settings: { slots: 1 },
      observe: ({ event, snapshot }) => {
        const { runners, queue, seq } = snapshot()
        expect(seq).toBe(event.seq)
        if (event.type === 'state') seen.push(`${runners.length} loaded, ${queue.length} waiting`)
      },
    })
    expect(seen.slice(0, 4)).toEqual([
      '1 loaded, 1 waiting',
      '1 loaded, 1 waiting',
      '1 loaded, 0 waiting',
      '1 loaded, 0 waiting',
    ])
  })
})

describe('times, worked out by hand', () => {
  it('reads the disk for one load as fast as it goes, and for two at half the speed each', async () => {
    const { story } = await storyOf({
      trace: traceOf(model('a', 2), model('b', 2), request(0, 'a'), request(0, 'b')),
      machine: machine(16),
    })
    // 200 ms, then 4 GiB together at 1 GiB/s.
    expect(story.filter((line) => line.endsWith('ready')).slice(0, 2)).toEqual([
      '4200 a ready',
      '4200 b ready',
    ])
    const alone = await storyOf({ trace: traceOf(model('a', 2), request(0, 'a')), machine: machine(16) })
    expect(alone.story).toContain('2200 a ready')
  })

  it('computes prompts in chunks beside what is decoded, and shares steps', async () => {
    const { report } = await storyOf({
      trace: traceOf(
        model('a', 1, { rates: { loadMs: 1_000, promptTokenMs: 1, stepMs: 10, sequenceMs: 1 } }),
        request(0, 'a', { outputTokens: 101 }),
        request(2_000, 'a', { promptTokens: 200, outputTokens: 1 }),
      ),
      machine: machine(16),
      settings: { slots: 2 },
    })
    // The first: loaded at 1000, its prompt until 1100, 100 steps of 11 ms. 900 ms later, which is in its 82nd step,
    // the other's 200 tokens come: two steps of 11 + 100 ms, in which it decodes two tokens.
    expect(report.makespanMs).toBeCloseTo(1_100 + 900 + 2 * 111 + (100 - 900 / 11 - 2) * 11, 3)
    expect(report.all.firstToken.max).toBe(1_100)
    expect(report.all.finished).toBe(2)
  })

  it('lets two models on one GPU go half as fast each', async () => {
    const lines = [
      model('a', 1, { rates: { loadMs: 1_000, promptTokenMs: 1, stepMs: 10 } }),
      model('b', 1, { rates: { loadMs: 1_000, promptTokenMs: 1, stepMs: 10 } }),
      request(0, 'a'),
      request(0, 'b'),
    ]
    const settings = { slots: 1 }
    const shared = await simulate({ trace: traceOf(...lines), machine: machine(16), settings })
    // Two loads share the disk but for their 200 ms; then 100 ms and 10 steps of 10 ms, twice as long.
    expect(shared.makespanMs).toBeCloseTo(200 + 2 * 800 + 2 * 200, 1)
    expect(shared.bounds.end.max).toBe(200)
    expect(shared.devices[0]?.busy).toBeCloseTo(400 / shared.makespanMs, 2)
  })

  it('ends an answer at the most that it may say, and an embedding after its prompt', async () => {
    const { events } = await storyOf({
      trace: traceOf(
        model('a', 1),
        request(0, 'a', { maxTokens: 5 }),
        request(10_000, 'a', { purpose: 'embed', outputTokens: 0 }),
      ),
      machine: machine(16),
    })
    const finished = events.flatMap((event) => (event.type === 'finished' ? [event] : []))
    expect(finished.map(({ reason, metrics }) => [reason, metrics?.decodedTokens])).toEqual([
      ['length', 5],
      ['stop', 0],
    ])
  })
})
