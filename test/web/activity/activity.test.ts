import type { SchedulerEvent, SchedulerEventBody, Snapshot } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { Activity } from '../../../apps/web/src/activity/model/activity.js'
import { explainSegment } from '../../../apps/web/src/activity/model/explain.js'
import type { Segment } from '../../../apps/web/src/activity/model/timeline.js'
import { BusyScheduler, snapshotOf } from './busy-scheduler.js'

/** The page's clock when the scheduler's is at 0. */
const START = 1_700_000_000_000

const empty: Snapshot = { seq: 0, at: 0, policy: 'fair', devices: [], runners: [], queue: [] }

const EVEN = { runner: 'r1', model: 'a', purpose: 'generate' } as const
const ASKED = { request: 'q1', model: 'a' } as const
const placement = {
  kind: 'cpu',
  gpuLayers: 0,
  split: [],
  bytes: [{ device: 'ram', bytes: 1_000 }],
  parts: [],
  reason: 'there is no GPU',
} as const

/** One request for a model that is not loaded, from its coming to the model's going. */
const LIFE: readonly (readonly [at: number, body: SchedulerEventBody])[] = [
  [
    0,
    {
      type: 'queued',
      ...ASKED,
      purpose: 'generate',
      class: 'interactive',
      client: 'anna',
      position: 1,
      waiting: 1,
    },
  ],
  [0, { type: 'waiting', ...ASKED, why: 'a is being loaded' }],
  [0, { type: 'state', ...EVEN, from: 'idle', to: 'loading', why: 'q1 wants it', placement }],
  [1_000, { type: 'measured', ...EVEN, estimated: placement.bytes, bytes: [{ device: 'ram', bytes: 900 }] }],
  [1_000, { type: 'state', ...EVEN, from: 'loading', to: 'ready', why: 'loaded' }],
  [1_000, { type: 'state', ...EVEN, from: 'ready', to: 'busy', why: 'runs q1' }],
  [1_000, { type: 'running', ...ASKED, runner: 'r1', waitedMs: 1_000, why: 'first in line' }],
  [1_200, { type: 'progress', ...ASKED, runner: 'r1', progress: { phase: 'prompt', tokens: 30, of: 40 } }],
  [1_500, { type: 'progress', ...ASKED, runner: 'r1', progress: { phase: 'decode', tokens: 4 } }],
  [
    2_500,
    {
      type: 'finished',
      ...ASKED,
      runner: 'r1',
      reason: 'stop',
      metrics: { promptTokens: 40, cachedTokens: 0, promptMs: 500, decodedTokens: 20, decodeMs: 1_000 },
    },
  ],
  [2_500, { type: 'state', ...EVEN, from: 'busy', to: 'ready', why: 'q1 is done' }],
  [8_000, { type: 'evicted', ...EVEN, why: 'its keep-alive is over', frees: 900 }],
  [8_000, { type: 'state', ...EVEN, from: 'ready', to: 'unloading', why: 'its keep-alive is over' }],
  [8_100, { type: 'state', ...EVEN, from: 'unloading', to: 'idle', why: 'its process is gone' }],
]

/** All of a life's events, or those before the index. */
function fold(end = LIFE.length, activity = new Activity()): Activity {
  activity.take({ type: 'snapshot', snapshot: empty }, START)
  const events: SchedulerEvent[] = LIFE.slice(0, end).map(([at, body], index) => ({
    seq: index + 1,
    at,
    ...body,
  }))
  activity.take({ type: 'events', events }, START)
  return activity
}

const segments = (activity: Activity): readonly Segment[] =>
  [...activity.timeline.lanes.values()].flatMap((lane) => lane.segments)

describe('what the activity page shows', () => {
  it('has who waits, with class, client, reason and place', () => {
    const { queue, waiting } = fold(2)
    expect(waiting).toBe(1)
    expect(queue).toMatchObject([
      { request: 'q1', class: 'interactive', client: 'anna', why: 'a is being loaded', since: START },
    ])
  })

  it('has a runner with its state, reason, memory and the job in its slot', () => {
    const loading = fold(3).runners.get('r1')
    expect(loading).toMatchObject({ state: 'loading', why: 'q1 wants it', measured: false })
    const busy = fold(9)
    expect(busy.queue).toEqual([])
    expect(busy.runners.get('r1')).toMatchObject({
      state: 'busy',
      measured: true,
      bytes: [{ device: 'ram', bytes: 900 }],
      jobs: [{ request: 'q1', client: 'anna', class: 'interactive', slot: 0, phase: 'decode', tokens: 4 }],
    })
    expect(fold().runners.size).toBe(0)
  })

  it('keeps what it was in a lane: loading, prefill, decode, idle, unloading, each with its reason', () => {
    const all = segments(fold())
    expect(all.map(({ kind, from, to }) => [kind, from - START, (to ?? NaN) - START])).toEqual([
      ['loading', 0, 1_000],
      ['idle', 1_000, 1_000],
      ['prefill', 1_000, 1_500],
      ['decode', 1_500, 2_500],
      ['idle', 2_500, 8_000],
      ['unloading', 8_000, 8_100],
    ])
    const told = (index: number) => {
      const segment = all[index]
      if (segment === undefined) throw new Error(`there is no segment ${index}`)
      const { title, facts } = explainSegment(segment, START)
      return [title, ...facts.map(({ name, text }) => `${name}: ${text}`)]
    }
    expect(told(0)).toEqual([
      'Loading: a, 1.0 s',
      'Why it was loaded: Q1 wants it.',
      'Where: There is no GPU.',
    ])
    expect(told(3)).toEqual([
      'Answering: a, 1.0 s',
      'Why it ran: First in line.',
      'Request: q1, interactive of anna, in slot 1.',
      'Waited: 1.0 s for its slot.',
      'Tokens: 20 of the answer, 20 a second.',
      'How it ended: Finished: stop.',
    ])
    expect(told(4)).toContain('How it ended: Evicted: its keep-alive is over.')
  })

  it('counts tokens once, and a request that waited for a load as no hit', () => {
    const activity = fold()
    const total = (what: 'prompt' | 'decoded' | 'started' | 'hits' | 'loads' | 'evictions') =>
      activity.history.total(START + 10_000, what, 3_600_000)
    expect([total('prompt'), total('decoded')]).toEqual([40, 20])
    expect([total('started'), total('hits'), total('loads'), total('evictions')]).toEqual([1, 0, 1, 1])
  })

  it('takes a snapshot in the middle for what it is, and events only once', () => {
    const activity = fold(9)
    const running = [
      { request: 'q1', class: 'interactive', client: 'anna', since: 1_000, progress: null },
    ] as const
    const runner = snapshotOf('a', 'r1', 1_000, { state: 'busy', running, expiresAt: null })
    activity.take(
      { type: 'snapshot', snapshot: { ...empty, seq: 9, at: 1_600, runners: [runner] } },
      START + 1_600,
    )
    expect(segments(activity).map(({ kind }) => kind)).toEqual(['loading', 'idle', 'prefill', 'decode'])
    expect(activity.runners.get('r1')?.facts?.slots).toBe(2)
    fold(9, activity)
    expect(activity.runners.get('r1')?.jobs).toHaveLength(1)
  })

  it('shows a cancelled job in its slot until it has left it', () => {
    const activity = fold(9)
    const cancelled = { type: 'cancelled', ...ASKED, why: 'by hand' } as const
    activity.take({ type: 'events', events: [{ seq: 10, at: 2_000, ...cancelled }] }, START)
    expect(activity.runners.get('r1')?.jobs).toEqual([])
    const running = [
      { request: 'q1', class: 'interactive', client: 'anna', since: 1_000, progress: null },
    ] as const
    const runner = snapshotOf('a', 'r1', 1_000, { state: 'busy', running, expiresAt: null })
    activity.take(
      { type: 'snapshot', snapshot: { ...empty, seq: 10, at: 2_300, runners: [runner] } },
      START + 2_300,
    )
    expect(segments(activity).slice(-2)).toMatchObject([
      { kind: 'decode', to: START + 2_000, end: 'cancelled: by hand' },
      { from: START + 2_300, to: null, why: expect.stringContaining('leaves its slot') },
    ])
  })

  it('goes on after a gap: what was missed ends there, and what is new begins', () => {
    const activity = fold(9)
    activity.lost()
    const snapshot = { ...empty, seq: 70, at: 60_000, runners: [snapshotOf('b', 'r2', 59_000)] }
    activity.take({ type: 'snapshot', snapshot }, START + 60_000)
    const [before] = segments(activity).filter(({ kind }) => kind === 'decode')
    expect(before).toMatchObject({ to: START + 60_000, end: 'ended while nobody watched' })
    expect(segments(activity).at(-1)).toMatchObject({
      lane: 'b',
      kind: 'idle',
      from: START + 59_000,
      to: null,
    })
    const { at, decoded } = activity.history.series(START + 65_000)
    const missed = decoded[at.indexOf((START + 40_000) / 1_000)]
    expect(missed).toBeNull()
  })

  it('tells of preemption, and puts the request back into the line', () => {
    const activity = fold(9)
    const preempted = {
      type: 'preempted',
      ...ASKED,
      runner: 'r1',
      by: 'q2',
      tokens: 44,
      bytes: 10,
      why: 'q2 is interactive',
    } as const
    activity.take({ type: 'events', events: [{ seq: 10, at: 1_700, ...preempted }] }, START)
    expect(activity.queue).toMatchObject([{ request: 'q1', parkedTokens: 44, client: 'anna' }])
    expect(activity.runners.get('r1')?.jobs).toEqual([])
    expect(segments(activity).at(-1)).toMatchObject({
      kind: 'decode',
      to: START + 1_700,
      end: 'gave its slot away: q2 is interactive',
    })
  })

  it('stays bounded, whatever comes and however long', () => {
    const scheduler = new BusyScheduler(120)
    const activity = new Activity()
    activity.take({ type: 'snapshot', snapshot: scheduler.snapshot(0) }, START)
    let most = 0
    for (let at = 0; at < 2 * 3_600_000; at += 30_000) {
      activity.take({ type: 'events', events: scheduler.events(500, at) }, START + at)
      most = Math.max(most, segments(activity).length)
    }
    expect(activity.timeline.lanes.size).toBeLessThanOrEqual(100)
    expect(most).toBeLessThanOrEqual(100 * 1_650)
    const oldest = activity.timeline.oldest ?? 0
    expect(oldest).toBeGreaterThan(START + 3_600_000 - 120_000)
    expect(activity.history.series(START + 2 * 3_600_000).at.length).toBeLessThanOrEqual(720)
    expect(activity.runners.size).toBeLessThanOrEqual(256)
  })
})
