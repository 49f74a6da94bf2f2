import type { PolicyName, RequestClass } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { finished, generate, gpu, model, ram, world, type World } from './world.js'

/** One model with one slot, which a request of somebody else has for the first five seconds. */
async function busy(policy: PolicyName, settings: Parameters<typeof world>[2] = {}): Promise<World> {
  const w = world({ a: model(1, 0, { promptMs: 0, tokens: 400 }) }, [gpu(8), ram(8)], {
    policy,
    ...settings,
  })
  void finished(w.scheduler.submit(generate('a', { client: 'first' })))
  await w.clock.advance(1_000)
  return w
}

/** Names of the requests in the order in which they started. */
function started(w: World, names: ReadonlyMap<string, string>): string {
  return w.events
    .flatMap((event) => (event.type === 'running' ? (names.get(event.request) ?? []) : []))
    .join(' ')
}

interface Asked {
  readonly name: string
  readonly client?: string
  readonly class?: RequestClass
  readonly prompt?: string
  readonly maxTokens?: number
}

function submit(w: World, asked: readonly Asked[]): Map<string, string> {
  const names = new Map<string, string>()
  for (const { name, ...request } of asked) {
    const ticket = w.scheduler.submit(generate('a', { maxTokens: 10, client: name[0] ?? '', ...request }))
    void finished(ticket)
    names.set(ticket.id, name)
  }
  return names
}

/** What the snapshot says, which must agree with what each request is told. */
function queue(w: World, names: ReadonlyMap<string, string>): string {
  const { queue: waiting } = w.scheduler.snapshot()
  expect(waiting.map(({ position }) => position)).toEqual(waiting.map((_, i) => i + 1))
  return waiting.map(({ request }) => names.get(request) ?? '?').join(' ')
}

describe('fifo', () => {
  it('is by arrival, whatever the class, the client and the length', async () => {
    const w = await busy('fifo')
    const names = submit(w, [
      { name: 'x1', class: 'batch', maxTokens: 50 },
      { name: 'x2' },
      { name: 'y1', class: 'interactive', maxTokens: 1 },
    ])
    expect(queue(w, names)).toBe('x1 x2 y1')
    await w.clock.advance(60_000)
    expect(started(w, names)).toBe('x1 x2 y1')
  })
})

describe('shortest', () => {
  it('puts what is expected to take least first', async () => {
    const w = await busy('shortest')
    const names = submit(w, [
      { name: 'long', maxTokens: 200 },
      { name: 'middle', maxTokens: 60 },
      { name: 'short', maxTokens: 5 },
    ])
    expect(queue(w, names)).toBe('short middle long')
    await w.clock.advance(60_000)
    expect(started(w, names)).toBe('short middle long')
  })

  it('ages: what comes ten times a job later than it no longer goes before it', async () => {
    const w = await busy('shortest')
    // Four seconds of work, as long as nothing was learned: 25 ms a token.
    const names = submit(w, [{ name: 'long', maxTokens: 160 }])
    await w.clock.advance(1_000)
    for (const [id, name] of submit(w, [{ name: 'early', maxTokens: 4 }])) names.set(id, name)
    expect(queue(w, names)).toBe('early long')
    const late = await busy('shortest', { maxWaitMs: 200_000 })
    void finished(late.scheduler.submit(generate('a', { client: 'first' })))
    const more = submit(late, [{ name: 'long', maxTokens: 160 }])
    for (let i = 0; i < 60; i += 1) {
      for (const [id] of submit(late, [{ name: `s${i}`, maxTokens: 100 }])) more.set(id, 's')
      await late.clock.advance(1_000)
    }
    expect(started(late, more)).toContain('long s')
  })
})

describe('fair', () => {
  it('is by class, then by what clients have had, then by arrival', async () => {
    const w = await busy('fair')
    const names = submit(w, [
      { name: 'x1' },
      { name: 'x2' },
      { name: 'x3' },
      { name: 'z1', class: 'batch' },
      { name: 'y1' },
      { name: 'y2' },
      { name: 'v1', class: 'interactive' },
    ])
    expect(queue(w, names)).toBe('v1 x1 y1 x2 y2 x3 z1')
    await w.clock.advance(60_000)
    expect(started(w, names)).toBe('v1 x1 y1 x2 y2 x3 z1')
  })

  it('charges what was really computed, so that long answers count for more than short ones', async () => {
    const w = await busy('fair')
    const names = submit(w, [
      ...['x1', 'x2', 'x3', 'x4'].map((name) => ({ name, maxTokens: 50 })),
      ...['y1', 'y2', 'y3', 'y4', 'y5', 'y6'].map((name) => ({ name, maxTokens: 10 })),
    ])
    await w.clock.advance(60_000)
    // Five short ones are as much as a long one.
    expect(started(w, names)).toBe('x1 y1 y2 y3 y4 y5 x2 y6 x3 x4')
  })

  it('saves nothing up for who was away: both begin where those are who are there', async () => {
    const w = await busy('fair')
    const names = submit(
      w,
      Array.from({ length: 12 }, (_, i) => ({ name: `x${i}` })),
    )
    while (!started(w, names).endsWith('x5')) await w.clock.step()
    // x has had 120 tokens and more; y is not owed them.
    for (const [id, name] of submit(w, [{ name: 'y1' }, { name: 'y2' }, { name: 'y3' }])) names.set(id, name)
    await w.clock.advance(60_000)
    expect(started(w, names)).toBe('x0 x1 x2 x3 x4 x5 y1 x6 y2 x7 y3 x8 x9 x10 x11')
  })

  it('gives one start in eight to who has waited longer than its class may, the longest first', async () => {
    const w = await busy('fair', {
      preempt: false,
      classDelayMs: { interactive: 0, normal: 2_000, batch: 4_000 },
    })
    const names = submit(w, [{ name: 'z1', class: 'batch' }, { name: 'z2', class: 'batch' }, { name: 'x1' }])
    expect(queue(w, names)).toBe('x1 z1 z2')
    await w.clock.advance(3_000)
    const urgent = Array.from({ length: 9 }, (_, i) => ({ name: `v${i}`, class: 'interactive' as const }))
    for (const [id, name] of submit(w, urgent)) names.set(id, name)
    expect(queue(w, names)).toBe('x1 v0 v1 v2 v3 v4 v5 v6 v7 v8 z1 z2')
    await w.clock.advance(60_000)
    expect(started(w, names)).toBe('x1 v0 v1 v2 v3 v4 v5 v6 z1 v7 v8 z2')
  })

  it('puts a request that is given another class where it belongs there', async () => {
    const w = await busy('fair')
    const names = submit(w, [{ name: 'x1' }, { name: 'y1' }, { name: 'z1', class: 'batch' }])
    const id = [...names].find(([, name]) => name === 'z1')?.[0] ?? ''
    w.scheduler.reclass(id, 'interactive', 'raised by its client')
    expect(queue(w, names)).toBe('z1 x1 y1')
    w.scheduler.reclass(id, 'batch', 'lowered by its client')
    expect(queue(w, names)).toBe('x1 y1 z1')
  })

  it('charges nothing for what a lost runner had computed', async () => {
    const w = world({ a: model(1, 0, { promptMs: 0, tokens: 1_000 }) }, [gpu(8), ram(8)])
    // Both are told all at once, so that x is tried again.
    const x = w.scheduler.submit(generate('a', { client: 'x', maxTokens: 100 })).whole()
    await w.clock.advance(1_500)
    w.backend.crash('a')
    await w.clock.settle()
    const names = submit(w, [{ name: 'x2' }, { name: 'y1' }])
    await w.clock.advance(60_000)
    expect(await x).toHaveLength(101)
    // x has had 200 tokens by then for its answer, and not the 80 that were lost.
    expect(started(w, names)).toBe('y1 x2')
  })
})

describe('a place in line', () => {
  it('is told for every request, each once, and the first one is who starts next', async () => {
    const w = await busy('fair', { maxQueue: 100 })
    const names = submit(
      w,
      Array.from({ length: 40 }, (_, i) => ({
        name: `${'uvwxyz'[(i * i) % 6]}${i}`,
        class: (['interactive', 'normal', 'batch'] as const)[(i * 7) % 3] ?? 'normal',
        maxTokens: 5 + ((i * 13) % 20),
      })),
    )
    let next: string | undefined
    w.scheduler.on((event) => {
      if (event.type === 'finished') next = queue(w, names).split(' ')[0]
      if (event.type === 'running') expect(names.get(event.request)).toBe(next)
    })
    await w.clock.advance(60_000)
    expect(started(w, names).split(' ')).toHaveLength(40)
  })
})
