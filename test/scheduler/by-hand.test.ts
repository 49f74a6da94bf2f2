import { describe, expect, it } from 'vitest'
import { finished, generate, gpu, model, outcome, ram, world } from './world.js'

const ONE_MODEL = { a: model(1, 0, { tokens: 100 }) }
const MACHINE = [gpu(8), ram(8)]

describe('a request that somebody else ends', () => {
  it('ends wherever it is, and is then not known any more', async () => {
    const w = world(ONE_MODEL, MACHINE)
    const running = w.scheduler.submit(generate('a', { client: 'ada' }))
    await w.clock.advance(1_100)
    const waiting = w.scheduler.submit(generate('a', { client: 'ben', class: 'batch' }))
    expect(w.scheduler.request(waiting.id)).toEqual({
      id: waiting.id,
      model: 'a',
      class: 'batch',
      client: 'ben',
    })
    expect([waiting, running].map(({ id }) => w.scheduler.cancel(id, 'cancelled by root'))).toEqual([
      true,
      true,
    ])
    await w.clock.advance(100)
    expect([await outcome(waiting), await outcome(running)]).toEqual(['cancelled', 'cancelled'])
    expect(w.events.filter(({ type }) => type === 'cancelled')).toMatchObject([
      { request: waiting.id, why: 'cancelled by root' },
      { request: running.id, why: 'cancelled by root' },
    ])
    expect(w.scheduler.request(waiting.id)).toBeNull()
    expect(w.scheduler.cancel(running.id, 'once more')).toBe(false)
    expect(w.scheduler.reclass(running.id, 'batch', 'too late')).toBe(false)
  })
})

describe('a request that is raised or lowered', () => {
  it('moves to its place in its new class, with the time it has waited', async () => {
    const w = world(ONE_MODEL, MACHINE, { preempt: false })
    const first = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_100)
    const [one, two, three] = [1, 2, 3].map(() => w.scheduler.submit(generate('a', { maxTokens: 1 })))
    expect(w.scheduler.reclass(three!.id, 'interactive', 'root said so')).toBe(true)
    expect(w.scheduler.reclass(one!.id, 'batch', 'root said so')).toBe(true)
    expect([one, two, three].map((ticket) => ticket?.waiting()?.position)).toEqual([3, 2, 1])
    expect(w.events.filter(({ type }) => type === 'reclassed')).toMatchObject([
      { request: three!.id, class: 'interactive', why: 'root said so' },
      { request: one!.id, class: 'batch', why: 'root said so' },
    ])
    await w.clock.advance(60_000)
    for (const ticket of [first, one!, two!, three!]) await finished(ticket)
    const order = w.events.flatMap((event) => (event.type === 'running' ? [event.request] : []))
    expect(order).toEqual([first, three, two, one].map((ticket) => ticket?.id))
  })

  it('is known by its new class where it runs', async () => {
    const w = world(ONE_MODEL, MACHINE)
    const running = w.scheduler.submit(generate('a', { class: 'batch' }))
    await w.clock.advance(1_100)
    w.scheduler.reclass(running.id, 'normal', 'root said so')
    expect(w.scheduler.snapshot().runners[0]?.running).toMatchObject([{ class: 'normal' }])
    await w.clock.advance(10_000)
    expect(await outcome(running)).toBe('answered')
  })
})
