import { describe, expect, it } from 'vitest'
import { finished, generate, gpu, model, outcome, ram, world, type World } from './world.js'

/** Two models of which one at a time fits; `a` takes two seconds to load and `b` three. */
function two(settings: Parameters<typeof world>[2] = {}, tokens = 3): World {
  return world(
    { a: model(5, 0, { loadMs: 2_000, tokens }), b: model(5, 0, { loadMs: 3_000, tokens }) },
    [gpu(6), ram(0.1)],
    settings,
  )
}

const loads = (w: World) => w.backend.calls.filter((call) => call.startsWith('load ')).join(', ')

/** When a load was decided, from some moment on. */
function loadOf(w: World, name: string, from: number): number | undefined {
  return w.events.find(
    (event) => event.at >= from && event.type === 'state' && event.to === 'loading' && event.model === name,
  )?.at
}

/** Asks for a model again and again, a request every so many milliseconds. */
async function regularly(w: World, name: string, client: string, everyMs: number, times: number) {
  for (let i = 0; i < times; i += 1) {
    const end = outcome(w.scheduler.submit(generate(name, { client, maxTokens: 1 })))
    await w.clock.advance(everyMs)
    expect(await end).toBe('answered')
  }
}

describe('a swap', () => {
  it('is made at once where nothing says that the other model is wanted again', async () => {
    const w = two()
    await regularly(w, 'a', 'x', 5_000, 1)
    const ticket = w.scheduler.submit(generate('b', { client: 'y' }))
    await w.clock.settle()
    expect(ticket.waiting()?.why).toContain('b is loaded once a leaves')
    await w.clock.advance(5_000)
    await finished(ticket)
  })

  it('is never felt by a single user who goes to and fro, however quickly', async () => {
    const w = two()
    for (let i = 0; i < 8; i += 1) {
      const name = i % 2 === 0 ? 'a' : 'b'
      const ticket = w.scheduler.submit(generate(name, { client: 'me', maxTokens: 1 }))
      await w.clock.settle()
      expect(ticket.waiting()?.why).not.toContain('holds')
      await w.clock.advance(name === 'a' ? 2_100 : 3_100)
      expect(await finished(ticket)).toBe(`${name}-1 `)
    }
    expect(loads(w)).toBe('load a, load b, load a, load b, load a, load b, load a, load b')
  })

  it('is held back while another client wants what is loaded at short intervals, and made once the waiting costs as much', async () => {
    const w = two()
    // So that what both loads take is known.
    await regularly(w, 'b', 'y', 5_000, 1)
    await regularly(w, 'a', 'x', 5_000, 1)
    await regularly(w, 'a', 'x', 500, 8)
    await regularly(w, 'a', 'x', 100, 1)
    const asked = w.clock.now()
    const ticket = w.scheduler.submit(generate('b', { client: 'y', maxTokens: 1 }))
    void finished(ticket)
    await w.clock.settle()
    expect(ticket.waiting()?.why).toBe(
      'holds the swap back: a is wanted again in 0.4 s, the swap costs 5.0 s, 0.0 s waited so far',
    )
    await w.clock.advance(400)
    for (let i = 0; i < 20 && loadOf(w, 'b', asked) === undefined; i += 1) {
      void finished(w.scheduler.submit(generate('a', { client: 'x', maxTokens: 1 })))
      await w.clock.advance(500)
    }
    // Three seconds to load b, and two to bring a back.
    expect((loadOf(w, 'b', asked) ?? 0) - asked).toBeGreaterThan(4_400)
    expect((loadOf(w, 'b', asked) ?? 0) - asked).toBeLessThan(5_100)
    await w.clock.advance(20_000)
    expect(ticket.waiting()).toBeNull()
  })

  it('is made the sooner the more wait for it', async () => {
    const w = two()
    await regularly(w, 'b', 'y', 5_000, 1)
    await regularly(w, 'a', 'x', 5_000, 1)
    await regularly(w, 'a', 'x', 500, 8)
    const asked = w.clock.now()
    for (let i = 0; i < 10; i += 1) void finished(w.scheduler.submit(generate('b', { client: 'y' })))
    for (let i = 0; i < 4; i += 1) {
      void finished(w.scheduler.submit(generate('a', { client: 'x', maxTokens: 1 })))
      await w.clock.advance(250)
    }
    expect((loadOf(w, 'b', asked) ?? 0) - asked).toBeGreaterThan(400)
    expect((loadOf(w, 'b', asked) ?? 0) - asked).toBeLessThan(600)
    await w.clock.advance(60_000)
  })

  it('waits no longer than the starvation bound, whatever it costs', async () => {
    const w = world(
      { a: model(5, 0, { loadMs: 90_000 }), b: model(5, 0, { loadMs: 90_000 }) },
      [gpu(6), ram(0.1)],
      { starvationMs: 7_000, keepAliveMs: -1 },
    )
    void finished(w.scheduler.submit(generate('a', { client: 'x' })))
    await w.clock.advance(91_000)
    await regularly(w, 'a', 'x', 500, 8)
    const ticket = w.scheduler.submit(generate('b', { client: 'y' }))
    void finished(ticket)
    const others: Promise<string>[] = []
    for (let i = 0; i < 13; i += 1) {
      others.push(outcome(w.scheduler.submit(generate('a', { client: 'x', maxTokens: 1 }))))
      await w.clock.advance(500)
    }
    expect(ticket.waiting()?.why).toContain('holds the swap back')
    await w.clock.advance(1_000)
    expect(ticket.waiting()?.why).toBe('b is loaded once a leaves')
    expect(await Promise.all(others)).toEqual(others.map(() => 'answered'))
    await w.clock.advance(200_000)
  })

  it('is not held back by a model that nobody has wanted for longer than ever before', async () => {
    const w = two()
    await regularly(w, 'a', 'x', 3_000, 1)
    await regularly(w, 'a', 'x', 500, 8)
    await w.clock.advance(5_000)
    const ticket = w.scheduler.submit(generate('b', { client: 'y' }))
    await w.clock.settle()
    expect(ticket.waiting()?.why).toContain('b is loaded once a leaves')
    await w.clock.advance(5_000)
    await finished(ticket)
  })
})

describe('requests for a loaded model', () => {
  it('go before a swap while that has not waited for as much as it costs, though they come later', async () => {
    const w = two({ patienceMs: 1_000 }, 100)
    await regularly(w, 'b', 'y', 5_000, 1)
    await regularly(w, 'a', 'x', 3_000, 1)
    const asked = w.clock.now()
    const first = outcome(w.scheduler.submit(generate('a', { client: 'x', maxTokens: 100 })))
    await w.clock.settle()
    const swap = w.scheduler.submit(generate('b', { client: 'y', maxTokens: 1 }))
    const end = outcome(swap)
    const others: Promise<string>[] = []
    while (swap.waiting()?.why.includes('once a') === false) {
      others.push(outcome(w.scheduler.submit(generate('a', { client: 'x', maxTokens: 30 }))))
      await w.clock.advance(200)
    }
    const waited = w.clock.now() - asked
    expect([waited >= 5_000, waited < 5_300]).toEqual([true, true])
    await w.clock.advance(5_000)
    expect([await first, await end]).toEqual(['answered', 'answered'])
    const order = w.events.flatMap((event) => (event.type === 'running' ? [event.model] : []))
    // As many as there was time for, and then b, whatever still waited for a.
    expect(order.slice(2, -1).join('')).toMatch(/^a{14,17}$/)
    expect(order.at(-1)).toBe('b')
    await w.clock.advance(30_000)
    expect(await Promise.all(others)).toEqual(others.map(() => 'answered'))
  })

  it('are served together at a swap: the model that came does not leave before those that waited for it were served', async () => {
    const w = two({ patienceMs: 0, starvationMs: 20_000 })
    const ends: Promise<string>[] = []
    const ask = (name: string, times: number, maxTokens: number) => {
      for (let i = 0; i < times; i += 1) {
        ends.push(outcome(w.scheduler.submit(generate(name, { client: name, maxTokens }))))
      }
    }
    // Both have much to do, and each of them would be worth a swap at every moment.
    for (let i = 0; i < 10; i += 1) {
      ask('a', 10, 10)
      ask('b', 10, 10)
      await w.clock.advance(1_000)
    }
    await w.clock.advance(200_000)
    expect(await Promise.all(ends)).toEqual(ends.map(() => 'answered'))
    // 200 requests of 110 ms each, a model in turn; had every one had its way at once, it were a load each.
    const order = w.events.flatMap((event) => (event.type === 'running' ? [event.model] : []))
    const groups = order.filter((name, i) => name !== order[i - 1]).length
    expect(groups).toBeLessThan(12)
    expect(loads(w).split(', ')).toHaveLength(groups)
  })
})
