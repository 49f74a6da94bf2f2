import type { SchedulerEvent, Ticket } from '@berth/scheduler'
import { UNPARKABLE } from '@berth/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { finished, generate, gpu, model, outcome, ram, world, type World } from './world.js'

const KV = { device: 'ram', bytes: 1_000_000 }
/** Ten words of a second each; setting aside takes 50 ms. */
const slow = { tokens: 10, tokenMs: 1_000, parkMs: 50, parkedPerToken: KV }
const WORDS = (name: string, n = 10) => Array.from({ length: n }, (_, i) => `${name}-${i + 1} `).join('')

const batch = (name = 'a', rest: Parameters<typeof generate>[1] = {}) =>
  generate(name, { class: 'batch', ...rest })
const interactive = (name = 'a', rest: Parameters<typeof generate>[1] = {}) =>
  generate(name, { class: 'interactive', maxTokens: 1, ...rest })

type OfType<T extends SchedulerEvent['type']> = SchedulerEvent & { readonly type: T }

function events<T extends SchedulerEvent['type']>(w: World, type: T): OfType<T>[] {
  return w.events.filter((event): event is OfType<T> => event.type === type)
}

/** Submits batch work and lets it run into its answer. */
async function under(w: World, ms: number, rest: Parameters<typeof generate>[1] = {}): Promise<Ticket> {
  const ticket = w.scheduler.submit(batch('a', rest))
  await w.clock.advance(1_000 + ms)
  return ticket
}

/** What was set aside has come to exactly one end, and no memory is held for it. */
async function settled(w: World): Promise<void> {
  await Promise.all([w.scheduler.stop({ graceMs: 0 }), w.clock.advance(10_000)])
  for (const { started, disposed } of w.backend.parked) expect(started + disposed).toBe(1)
  expect(w.budget.usage().every(({ reserved, pending }) => reserved + pending === 0)).toBe(true)
  expect(w.clock.pending).toBe(0)
}

describe('a slot', () => {
  it('goes to whoever it was given for, though another has the first place by then', async () => {
    // Whoever is normal has a turn at once, before interactive work.
    const classDelayMs = { interactive: 0, normal: 0, batch: 60_000 }
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)], { classDelayMs })
    const long = await under(w, 3_500)
    const short = w.scheduler.submit(interactive())
    const normal = w.scheduler.submit(generate('a', { maxTokens: 1 }))
    expect(normal.waiting()).toMatchObject({ position: 1 })
    await w.clock.advance(20_000)
    await Promise.all([long, short, normal].map(finished))
    expect(events(w, 'running').map(({ request }) => request)).toEqual(['r1', 'r2', 'r3', 'r1'])
    expect(events(w, 'preempted')).toHaveLength(1)
    await settled(w)
  })

  it('goes from batch work to interactive work, whose answer then goes on where it stopped', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const long = await under(w, 3_500)
    const text = finished(long)
    const short = w.scheduler.submit(interactive())
    const answer = finished(short)
    expect(short.waiting()).toMatchObject({ position: 1, why: 'waits for the slot that r1 gives away' })
    await w.clock.advance(50)
    expect(w.scheduler.snapshot().queue).toMatchObject([
      {
        request: 'r1',
        class: 'batch',
        parked: { tokens: 4, bytes: 4_000_000 },
        why: expect.stringContaining('one slot'),
      },
    ])
    expect(w.budget.usage().find(({ device }) => device.id === 'ram')?.reserved).toBeGreaterThanOrEqual(
      4_000_000,
    )
    await w.clock.advance(20_000)
    expect(await answer).toBe(WORDS('a', 1))
    expect(await text).toBe(WORDS('a'))
    expect(events(w, 'preempted')).toMatchObject([
      { request: 'r1', by: 'r2', tokens: 4, bytes: 4_000_000, at: 4_550 },
    ])
    expect(events(w, 'preempted')[0]?.why).toBe(
      'gives its slot to r2: interactive work goes before batch work; 4 tokens (3.8 MiB) are kept',
    )
    expect(events(w, 'running').map(({ request, at, resumed }) => [request, at, resumed])).toEqual([
      ['r1', 1_000, undefined],
      ['r2', 4_550, undefined],
      ['r1', 5_560, true],
    ])
    expect(events(w, 'finished').map(({ request, metrics }) => [request, metrics?.decodedTokens])).toEqual([
      ['r2', 1],
      ['r1', 10],
    ])
    await settled(w)
  })

  it('is given away once for one request, though others could give theirs', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)], { slots: 2 })
    const tickets = [w.scheduler.submit(batch()), w.scheduler.submit(batch())].map(finished)
    await w.clock.advance(4_000)
    tickets.push(finished(w.scheduler.submit(interactive())))
    await w.clock.advance(60_000)
    expect(await Promise.all(tickets)).toEqual([WORDS('a'), WORDS('a'), WORDS('a', 1)])
    expect(events(w, 'preempted')).toHaveLength(1)
    await settled(w)
  })

  it('is that of the job that has computed the fewest tokens', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)], { slots: 2 })
    const tickets = [w.scheduler.submit(batch())]
    await w.clock.advance(4_000)
    tickets.push(w.scheduler.submit(batch()))
    await w.clock.advance(2_000)
    tickets.push(w.scheduler.submit(interactive()))
    await w.clock.advance(60_000)
    expect(events(w, 'preempted').map(({ request }) => request)).toEqual(['r2'])
    expect(await Promise.all(tickets.map(outcome))).toEqual(['answered', 'answered', 'answered'])
    await settled(w)
  })

  it.each([
    ['normal work asks for it', {}, { class: 'normal' }, {}],
    ['preemption is off', { preempt: false }, {}, {}],
    ['the order knows no classes', { policy: 'fifo' }, {}, {}],
    ['the engine cannot set jobs aside', {}, {}, { park: 'none' }],
  ] as const)('stays with batch work where %s', async (_, settings, asked, rest) => {
    const w = world({ a: model(1, 0, { ...slow, ...rest }) }, [gpu(4), ram(4)], settings)
    const long = outcome(await under(w, 2_000))
    const short = w.scheduler.submit(interactive('a', asked))
    expect(short.waiting()?.why).toBe('the one slot of a is taken')
    await w.clock.advance(20_000)
    expect([await long, await outcome(short)]).toEqual(['answered', 'answered'])
    expect(w.backend.parked).toEqual([])
    await settled(w)
  })

  it('stays with a job that its engine does not set aside, which is asked only once', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)], { slots: 2 })
    const stays = w.scheduler.submit(batch('a', { prompt: UNPARKABLE }))
    const goes = w.scheduler.submit(batch())
    await w.clock.advance(2_500)
    // Both have computed as much: the last to start is asked first, then the other for the second head.
    const short = [w.scheduler.submit(interactive()), w.scheduler.submit(interactive())]
    await w.clock.advance(60)
    expect(events(w, 'preempted').map(({ request }) => request)).toEqual([goes.id])
    expect(short[1]?.waiting()?.why).toBe('all 2 slots of a are taken')
    await w.clock.advance(60_000)
    expect(await Promise.all([stays, goes, ...short].map(outcome))).toEqual(Array(4).fill('answered'))
    await settled(w)
  })

  it('comes free by a cancellation first, which spares the others', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const long = await under(w, 2_000)
    const short = w.scheduler.submit(interactive())
    long.cancel()
    await w.clock.advance(5_000)
    expect([await outcome(long), await outcome(short)]).toEqual(['cancelled', 'answered'])
    expect(events(w, 'preempted')).toEqual([])
    await settled(w)
  })

  it('is kept by a job that has been set aside for too long, until it has caught up', async () => {
    const w = world({ a: model(1, 0, { ...slow, tokens: 600, parkMs: 0 }) }, [gpu(4), ram(4)], {
      classDelayMs: { interactive: 0, normal: 0, batch: 2_000 },
      starvationMs: 1e9,
    })
    const long = await under(w, 500)
    const text = finished(long)
    let served = 0
    for (let i = 0; i < 60; i += 1) {
      // Each takes three seconds of the slot, and one comes every four: more than their half of it.
      const short = w.scheduler.submit(interactive('a', { maxTokens: 3 }))
      void short.granted.then(() => (served += 1))
      await w.clock.advance(4_000)
    }
    const words = events(w, 'progress').flatMap(({ request, progress }) =>
      request === long.id && progress.phase === 'decode' ? [progress.tokens] : [],
    )
    // Of 240 s each side has had about half, less what was begun of a word when it gave way.
    expect(words.at(-1)).toBeGreaterThan(80)
    expect(served).toBeGreaterThan(30)
    await w.clock.advance(1_000_000)
    expect(await text).toBe(WORDS('a', 600))
    await settled(w)
  })
})

describe('a job that was set aside', () => {
  it('has none of its words lost or doubled, whenever it is read', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const long = await under(w, 2_500)
    for (let i = 0; i < 3; i += 1) {
      w.scheduler.submit(interactive())
      await w.clock.advance(4_000)
    }
    await w.clock.advance(20_000)
    expect(events(w, 'preempted')).toHaveLength(3)
    // Nobody has read any of its four runs until now.
    expect(await finished(long)).toBe(WORDS('a'))
    await settled(w)
  })

  it('is whole for who asks for all at once', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const whole = (await under(w, 2_500)).whole()
    w.scheduler.submit(interactive())
    await w.clock.advance(20_000)
    const text = (await whole).map((piece) => (piece.type === 'text' ? piece.text : '')).join('')
    expect(text).toBe(WORDS('a'))
    await settled(w)
  })

  it('can be cancelled, and keeps nothing then', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const long = await under(w, 2_500)
    const end = outcome(long)
    w.scheduler.submit(interactive())
    await w.clock.advance(500)
    expect(long.waiting()).not.toBeNull()
    long.cancel()
    await w.clock.settle()
    expect([await end, w.backend.parked[0]?.disposed]).toEqual(['cancelled', 1])
    await settled(w)
  })

  it('can be cancelled while it is being set aside', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const long = await under(w, 2_500)
    const short = w.scheduler.submit(interactive())
    await w.clock.advance(20)
    long.cancel()
    await w.clock.advance(5_000)
    expect([await outcome(long), await outcome(short)]).toEqual(['cancelled', 'answered'])
    await settled(w)
  })

  it.each([20, 500])('ends with the server, %s ms after it was asked to give way', async (ms) => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const long = await under(w, 2_500)
    const end = outcome(long)
    w.scheduler.submit(interactive())
    await w.clock.advance(ms)
    await Promise.all([w.scheduler.stop({ graceMs: 60_000 }), w.clock.advance(60_000)])
    expect(await end).toBe('shutting-down')
    await settled(w)
  })

  it('outlives its runner, and is computed again', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const text = finished(await under(w, 2_500))
    const short = w.scheduler.submit(interactive())
    await w.clock.advance(500)
    w.backend.crash('a')
    await w.clock.settle()
    expect(w.scheduler.snapshot().queue.find(({ request }) => request === 'r1')?.parked).toEqual({
      tokens: 0,
      bytes: 0,
    })
    await w.clock.advance(30_000)
    expect(await text).toBe(WORDS('a'))
    expect(await outcome(short)).toBe('answered')
    await settled(w)
  })

  it('survives a crash of its next load', async () => {
    const { backend: _, ...w } = await lostWhileAside()
    expect(await w.text).toBe(WORDS('a'))
  })

  it('cannot go on when its model has changed, if some of it was read', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const end = finished(await under(w, 2_500))
    await replaced(w)
    await expect(end).rejects.toThrow('a has changed while this answer was set aside')
    await settled(w)
  })

  it('is made anew when its model has changed, if none of it was read', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const long = await under(w, 2_500)
    await replaced(w)
    expect(await finished(long)).toBe(WORDS('a', 3))
    await settled(w)
  })

  it('is not given up for having wanted to begin soon', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const text = finished(await under(w, 2_500, { maxWaitMs: 2_000 }))
    w.scheduler.submit(interactive('a', { maxTokens: 8 }))
    await w.clock.advance(60_000)
    expect(await text).toBe(WORDS('a'))
    await settled(w)
  })

  it('keeps its class while it may be asked again, or not', async () => {
    const w = world({ a: model(1, 0, slow) }, [gpu(4), ram(4)])
    const long = await under(w, 2_500)
    w.scheduler.reclass(long.id, 'normal', 'asked for')
    const short = w.scheduler.submit(interactive())
    expect(short.waiting()?.why).toBe('the one slot of a is taken')
    await w.clock.advance(20_000)
    expect([await outcome(long), await outcome(short)]).toEqual(['answered', 'answered'])
    await settled(w)
  })
})

describe('memory of what is set aside', () => {
  it('is not had where there is none: the job is computed again', async () => {
    const greedy = { ...slow, parkedPerToken: { device: 'ram', bytes: 2 ** 30 } }
    const w = world({ a: model(1, 0, greedy) }, [gpu(4), ram(2)])
    const text = finished(await under(w, 4_500))
    w.scheduler.submit(interactive())
    await w.clock.advance(30_000)
    expect(await text).toBe(WORDS('a'))
    expect(events(w, 'preempted')[0]).toMatchObject({ tokens: 0, bytes: 0 })
    expect(w.backend.parked[0]).toMatchObject({ forgotten: 1, started: 1, disposed: 0 })
    await settled(w)
  })

  it('is given up for a load that waits for it', async () => {
    const greedy = { ...slow, parkedPerToken: { device: 'gpu0', bytes: 2 ** 29 } }
    const w = world({ a: model(1, 0, greedy), b: model(2) }, [gpu(4), ram(0.25)])
    const text = finished(await under(w, 3_500))
    w.scheduler.submit(interactive('a', { maxTokens: 9 }))
    await w.clock.advance(100)
    expect(w.budget.usage()[0]?.free).toBeLessThanOrEqual(2 ** 30)
    const other = finished(w.scheduler.submit(generate('b')))
    await w.clock.advance(3_000)
    expect(await other).toBe(WORDS('b', 3))
    expect(w.backend.parked[0]).toMatchObject({ forgotten: 1 })
    await w.clock.advance(60_000)
    expect(await text).toBe(WORDS('a'))
    await settled(w)
  })
})

describe('a whole model', () => {
  it('gives its memory away at once, where all its work is batch', async () => {
    const w = world({ a: model(3, 0, slow), b: model(3) }, [gpu(4), ram(0.25)], { slots: 2 })
    const texts = [finished(w.scheduler.submit(batch())), finished(w.scheduler.submit(batch()))]
    await w.clock.advance(4_500)
    const short = w.scheduler.submit(interactive('b'))
    await w.clock.settle()
    expect(short.waiting()?.why).toBe('b is loaded once a finishes and leaves')
    await w.clock.advance(1_200)
    expect(await outcome(short)).toBe('answered')
    expect(events(w, 'preempted').map(({ request, by, bytes, at }) => [request, by, bytes, at])).toEqual([
      ['r1', 'r3', 0, 4_550],
      ['r2', 'r3', 0, 4_550],
    ])
    await w.clock.advance(60_000)
    expect(await Promise.all(texts)).toEqual([WORDS('a'), WORDS('a')])
    expect(w.backend.calls.filter((call) => call.startsWith('load '))).toEqual(['load a', 'load b', 'load a'])
    await settled(w)
  })

  it('waits for what else it does, and gives way once that is done', async () => {
    const w = world({ a: model(3, 0, slow), b: model(3) }, [gpu(4), ram(0.25)], {
      slots: 2,
      patienceMs: 60_000,
    })
    const long = w.scheduler.submit(batch())
    const other = w.scheduler.submit(generate('a', { maxTokens: 5 }))
    await w.clock.advance(3_000)
    const short = w.scheduler.submit(interactive('b'))
    await w.clock.settle()
    expect(short.waiting()?.why).toContain('waits for memory')
    await w.clock.advance(4_500)
    expect(await outcome(other)).toBe('answered')
    expect(await outcome(short)).toBe('answered')
    await w.clock.advance(60_000)
    expect(await outcome(long)).toBe('answered')
    await settled(w)
  })

  it('goes on where whoever it gave way to no longer waits', async () => {
    const w = world({ a: model(3, 0, slow), b: model(3) }, [gpu(4), ram(0.25)])
    const text = finished(await under(w, 2_500))
    const short = w.scheduler.submit(interactive('b'))
    await w.clock.advance(20)
    short.cancel()
    await w.clock.advance(60_000)
    expect(await text).toBe(WORDS('a'))
    expect(w.backend.calls.filter((call) => call.startsWith('load '))).toEqual(['load a'])
    await settled(w)
  })

  it('gives its core away', async () => {
    const w = world({ a: model(1, 0, slow), b: model(1) }, [ram(8)], { cores: 1 })
    const text = finished(await under(w, 2_500))
    const short = w.scheduler.submit(interactive('b'))
    await w.clock.advance(2_000)
    expect(await outcome(short)).toBe('answered')
    expect(events(w, 'preempted')).toHaveLength(1)
    await w.clock.advance(60_000)
    expect(await text).toBe(WORDS('a'))
    await settled(w)
  })
})

/** Lets a model change while a job of it is set aside. */
async function replaced(w: World): Promise<void> {
  w.scheduler.submit(interactive('a', { maxTokens: 4 }))
  await w.clock.advance(500)
  w.backend.models.set('a', model(1, 0, { ...slow, tokens: 3, revision: '2' }))
  w.scheduler.modelChanged('a')
  await w.clock.advance(30_000)
}

/** The runner of a job that is set aside crashes, and so does the next load. */
async function lostWhileAside(): Promise<World & { text: Promise<string> }> {
  const { BackendError } = await import('@berth/scheduler')
  const loadFailures = [null, new BackendError('lost', 'killed')]
  const w = world({ a: model(1, 0, { ...slow, loadFailures }) }, [gpu(4), ram(4)])
  const text = finished(await under(w, 2_500))
  w.scheduler.submit(interactive())
  await w.clock.advance(500)
  w.backend.crash('a')
  await w.clock.advance(30_000)
  return { ...w, text }
}
