import { describe, expect, it } from 'vitest'
import { finished, generate, gpu, loadOnly, model, outcome, ram, world } from './world.js'

describe('waiting', () => {
  it('is in order of class, then of arrival, and every place is visible', async () => {
    const w = world({ a: model(1, 0, { tokens: 100 }) }, [gpu(8), ram(8)])
    const first = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_100)
    const batch = w.scheduler.submit(generate('a', { class: 'batch', maxTokens: 1 }))
    const normal = w.scheduler.submit(generate('a', { maxTokens: 1 }))
    const urgent = w.scheduler.submit(generate('a', { class: 'interactive', maxTokens: 1 }))
    expect(first.waiting()).toBeNull()
    expect([batch, normal, urgent].map((ticket) => ticket.waiting())).toMatchObject([
      { position: 3, why: 'behind 2 more for a: the one slot of a is taken' },
      { position: 2, why: 'behind 1 more for a: the one slot of a is taken' },
      { position: 1, why: 'the one slot of a is taken' },
    ])
    await w.clock.advance(60_000)
    for (const ticket of [first, batch, normal, urgent]) await finished(ticket)
    const order = w.events.flatMap((event) => (event.type === 'running' ? [event.request] : []))
    expect(order).toEqual([first.id, urgent.id, normal.id, batch.id])
  })

  it('ages: a batch request is not overtaken by those that come later than its class may wait', async () => {
    const w = world({ a: model(1, 0, { tokens: 10_000 }) }, [gpu(8), ram(8)])
    const first = w.scheduler.submit(generate('a'))
    const batch = w.scheduler.submit(generate('a', { class: 'batch', maxTokens: 1 }))
    await w.clock.advance(61_000)
    const late = w.scheduler.submit(generate('a', { class: 'interactive', maxTokens: 1 }))
    expect([batch.waiting()?.position, late.waiting()?.position]).toEqual([1, 2])
    await w.clock.advance(100_000)
    for (const ticket of [first, batch, late]) await finished(ticket)
  })

  it('ends at its deadline, with what it waited for', async () => {
    const w = world({ a: model(1, 0, { tokens: 10_000 }) }, [gpu(8), ram(8)])
    const first = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_100)
    const ticket = w.scheduler.submit(generate('a', { maxWaitMs: 5_000 }))
    await w.clock.advance(5_000)
    expect(await outcome(ticket)).toBe('deadline')
    expect(w.events.find((event) => event.type === 'refused')).toMatchObject({
      why: 'waited 5 s in vain: the one slot of a is taken',
    })
    first.cancel()
    expect(await outcome(first)).toBe('cancelled')
  })

  it('has room for so many requests: every waiter counts, whatever it waits for', async () => {
    const w = world({ a: model(1, 0, { tokens: 100 }), b: model(1) }, [gpu(8), ram(8)], { maxQueue: 2 })
    const running = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_100)
    const tickets = [w.scheduler.submit(generate('a')), w.scheduler.submit(generate('b'))]
    expect(() => w.scheduler.submit(generate('a'))).toThrow(expect.objectContaining({ code: 'queue-full' }))
    await w.clock.advance(10_000)
    for (const ticket of [running, ...tickets]) expect(await outcome(ticket)).toBe('answered')
  })

  it('is refused by name for a model that is not there, or does not do what is asked', async () => {
    const w = world({ a: model(1, 0, { purposes: ['generate'] }) }, [gpu(8), ram(8)])
    const unknown = w.scheduler.submit(generate('nope'))
    const embed = w.scheduler.submit({ ...loadOnly('a'), purpose: 'embed' })
    await w.clock.settle()
    await expect(unknown.granted).rejects.toMatchObject({
      code: 'unknown-model',
      message: "model 'nope' not found",
    })
    await expect(embed.granted).rejects.toMatchObject({ code: 'bad-request' })
  })
})

describe('a client that gives up and asks again', () => {
  it('has one runner loaded for all its tries', async () => {
    const w = world({ a: model(1) }, [gpu(8), ram(8)])
    const first = w.scheduler.submit(generate('a'))
    first.cancel()
    const second = w.scheduler.submit(generate('a'))
    await w.clock.settle()
    const third = w.scheduler.submit(generate('a'))
    await w.clock.advance(3_000)
    expect([await outcome(first), await outcome(second), await outcome(third)]).toEqual([
      'cancelled',
      'answered',
      'answered',
    ])
    expect(w.backend.calls).toEqual(['load a', 'loaded a'])
  })
})

describe('a load', () => {
  it('delays no request to another model, and loads run side by side', async () => {
    const w = world({ a: model(1), b: model(1, 0, { loadMs: 60_000 }), c: model(1, 0, { loadMs: 60_000 }) }, [
      gpu(8),
      ram(8),
    ])
    const [a, b, c] = ['a', 'b', 'c'].map((name) => w.scheduler.submit(generate(name)))
    await w.clock.advance(2_000)
    expect(await finished(a!)).toContain('a-1')
    expect(w.scheduler.snapshot().runners.map((r) => r.state)).toEqual(['ready', 'loading', 'loading'])
    await w.clock.advance(60_000)
    expect(await finished(b!)).toContain('b-1')
    expect(await finished(c!)).toContain('c-1')
  })

  it('is called off when nobody waits for it any more, and gives its memory back', async () => {
    const w = world({ a: model(1) }, [gpu(8), ram(8)])
    const [one, two] = [w.scheduler.submit(generate('a')), w.scheduler.submit(generate('a'))]
    await w.clock.advance(500)
    one.cancel()
    await w.clock.advance(100)
    expect(w.scheduler.snapshot().runners[0]?.state).toBe('loading')
    two.cancel()
    await w.clock.advance(100)
    expect(w.backend.calls).toEqual(['load a', 'aborted a'])
    expect(w.scheduler.snapshot()).toMatchObject({
      runners: [],
      queue: [],
      devices: [{ reserved: 0 }, { reserved: 0 }],
    })
    expect([await outcome(one), await outcome(two)]).toEqual(['cancelled', 'cancelled'])
  })

  it('is all that a request without a job wants, even where every slot is taken', async () => {
    const w = world({ a: model(1, 0, { tokens: 1000 }) }, [gpu(8), ram(8)])
    const busy = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_500)
    const load = w.scheduler.submit(loadOnly('a', { keepAliveMs: -1 }))
    await w.clock.settle()
    expect(await outcome(load)).toBe('answered')
    expect(w.scheduler.snapshot().runners[0]?.keepAliveMs).toBe(-1)
    await w.clock.advance(20_000)
    await finished(busy)
  })
})
