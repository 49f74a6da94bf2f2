import { describe, expect, it } from 'vitest'
import { finished, generate, gpu, loadOnly, model, outcome, ram, world } from './world.js'

describe('who leaves', () => {
  it('is the least recently used idle model', async () => {
    const w = world({ a: model(3), b: model(3), c: model(3) }, [gpu(7), ram(1)])
    for (const name of ['a', 'b', 'a']) {
      const ticket = w.scheduler.submit(generate(name))
      await w.clock.advance(2_000)
      await finished(ticket)
    }
    const ticket = w.scheduler.submit(generate('c'))
    await w.clock.advance(2_000)
    expect(await finished(ticket)).toContain('c-1')
    expect(w.backend.calls).toContain('gone b')
    expect(w.backend.calls).not.toContain('gone a')
  })

  it('is by cost the one that is cheapest to bring back for what it frees, as often as it is wanted', async () => {
    const slow = model(3, 0, { loadMs: 20_000 })
    const quick = model(3, 0, { loadMs: 1_000 })
    const w = world({ slow, quick, often: quick, c: model(3) }, [gpu(10), ram(1)], { eviction: 'cost' })
    // The slow one was used first, so that it were the least recently used.
    for (const name of ['slow', 'quick', 'often', 'often', 'often', 'quick']) {
      const ticket = w.scheduler.submit(generate(name, { maxTokens: 1 }))
      await w.clock.advance(21_000)
      await finished(ticket)
    }
    const ticket = w.scheduler.submit(generate('c'))
    await w.clock.advance(2_000)
    expect(await finished(ticket)).toContain('c-1')
    expect(w.backend.calls.filter((call) => call.startsWith('gone'))).toEqual(['gone quick'])
    const evicted = w.events.find((event) => event.type === 'evicted')
    expect(evicted?.why).toBe(
      'makes room for c: cheapest to bring back for what it frees (1.0 s to load, wanted 69 times an hour), idle 21 s, frees 3.0 GiB',
    )
  })

  it('is nobody who turns out not to be needed', async () => {
    // A small old one and a large younger one: the large one alone makes the room.
    const w = world({ small: model(1), large: model(5), c: model(5) }, [gpu(6.1), ram(0.1)])
    for (const name of ['small', 'large']) {
      const ticket = w.scheduler.submit(generate(name))
      await w.clock.advance(2_000)
      await finished(ticket)
    }
    const ticket = w.scheduler.submit(generate('c'))
    await w.clock.advance(2_000)
    await finished(ticket)
    expect(w.scheduler.snapshot().runners.map((r) => r.model)).toEqual(['small', 'c'])
  })

  it('is never a pinned model: the request waits, and says for what', async () => {
    const w = world({ a: model(5), b: model(5) }, [gpu(6), ram(1)], { maxWaitMs: 20_000 })
    w.scheduler.pin('a', true)
    const first = w.scheduler.submit(generate('a', { keepAliveMs: 0 }))
    await w.clock.advance(2_000)
    await finished(first)
    const ticket = w.scheduler.submit(generate('b'))
    await w.clock.advance(10_000)
    expect(ticket.waiting()).toMatchObject({
      position: 1,
      why: 'waits for memory: needs 5.0 GiB, held by a (pinned, 5.0 GiB)',
    })
    w.scheduler.pin('a', false)
    await w.clock.advance(2_000)
    expect(await finished(ticket)).toContain('b-1')
  })

  it('is a busy model only after patience: it takes no new work, finishes and leaves', async () => {
    const w = world({ a: model(5, 0, { tokens: 1000 }), b: model(5) }, [gpu(6), ram(1)], {
      patienceMs: 5_000,
    })
    const busy = w.scheduler.submit(generate('a'))
    await w.clock.advance(2_000)
    const ticket = w.scheduler.submit(generate('b'))
    await w.clock.advance(1_000)
    expect(ticket.waiting()?.why).toBe('waits for memory: needs 5.0 GiB, held by a (busy, 5.0 GiB)')
    const later = w.scheduler.submit(generate('a', { maxTokens: 1 }))
    await w.clock.advance(5_000)
    expect(w.scheduler.snapshot().runners.find((r) => r.model === 'a')).toMatchObject({
      draining: true,
      state: 'busy',
    })
    await w.clock.advance(20_000)
    expect(await finished(busy)).toContain('a-1000')
    expect(await finished(ticket)).toContain('b-1')
    expect(await finished(later)).toBe('a-1 ')
    expect(w.backend.calls.filter((call) => call.startsWith('load '))).toEqual(['load a', 'load b', 'load a'])
  })

  it('stays after all, and alone, when the model it leaves for is deleted while others wait for it', async () => {
    const w = world({ a: model(1, 0, { tokens: 1000 }), b: model(3) }, [gpu(2), ram(5)], {
      patienceMs: 1_000,
      maxLoaded: 1,
    })
    const busy = w.scheduler.submit(generate('a'))
    await w.clock.advance(2_000)
    const other = w.scheduler.submit(generate('b'))
    await w.clock.advance(2_000)
    expect(w.scheduler.snapshot().runners[0]?.draining).toBe(true)
    const next = w.scheduler.submit(generate('a', { maxTokens: 1 }))
    await w.clock.settle()
    w.backend.models.delete('b')
    w.scheduler.modelChanged('b')
    expect(await outcome(other)).toBe('unknown-model')
    expect(w.scheduler.snapshot().runners).toMatchObject([{ model: 'a', state: 'busy', draining: false }])
    await w.clock.advance(20_000)
    expect(await finished(busy)).toContain('a-1000')
    expect(await finished(next)).toBe('a-1 ')
    expect(w.backend.calls.filter((call) => call.startsWith('load '))).toEqual(['load a'])
  })

  it('is called off with the request it was for', async () => {
    const w = world({ a: model(5, 0, { tokens: 1000 }), b: model(5) }, [gpu(6), ram(1)], {
      patienceMs: 1_000,
    })
    const busy = w.scheduler.submit(generate('a'))
    await w.clock.advance(2_000)
    const ticket = w.scheduler.submit(generate('b'))
    await w.clock.advance(2_000)
    expect(w.scheduler.snapshot().runners[0]?.draining).toBe(true)
    ticket.cancel()
    expect(await outcome(ticket)).toBe('cancelled')
    const next = w.scheduler.submit(generate('a', { maxTokens: 1 }))
    await w.clock.advance(20_000)
    await finished(busy)
    expect(await finished(next)).toBe('a-1 ')
    expect(w.backend.calls).toEqual(['load a', 'loaded a'])
  })
})

describe('a model that waits for much memory', () => {
  it('gets its turn: what comes free is kept for it, though younger ones would fit at once', async () => {
    // Two small ones at a time, one of them always loading: by chance there is never room for the big one.
    const small = model(4, 0, { loadMs: 10_000, tokens: 1 })
    const models = { big: model(10), s0: small, s1: small, s2: small, s3: small }
    const w = world(models, [gpu(10.1), ram(0.1)], { patienceMs: 2_000, maxWaitMs: 200_000 })
    const others = [w.scheduler.submit(generate('s0', { keepAliveMs: 0 }))]
    await w.clock.advance(1_000)
    const big = w.scheduler.submit(generate('big', { maxTokens: 1 }))
    const end = finished(big)
    for (let i = 1; i <= 30; i += 1) {
      await w.clock.advance(5_000)
      others.push(w.scheduler.submit(generate(`s${i % 4}`, { keepAliveMs: 0 })))
    }
    expect(big.waiting()).toBeNull()
    await w.clock.advance(200_000)
    expect(await end).toBe('big-1 ')
    for (const ticket of others) expect(await outcome(ticket)).toBe('answered')
    expect(w.events.some((event) => event.type === 'waiting' && event.why.includes('kept for big'))).toBe(
      true,
    )
  })

  it('keeps nothing from others while a pinned model makes its wait hopeless', async () => {
    const w = world({ pinned: model(5), big: model(9), small: model(2) }, [gpu(10), ram(0.1)], {
      patienceMs: 1_000,
    })
    w.scheduler.pin('pinned', true)
    const first = w.scheduler.submit(generate('pinned'))
    await w.clock.advance(2_000)
    await finished(first)
    const big = w.scheduler.submit(generate('big', { maxWaitMs: 30_000 }))
    await w.clock.advance(5_000)
    const small = w.scheduler.submit(generate('small'))
    await w.clock.advance(5_000)
    expect(await outcome(small)).toBe('answered')
    await w.clock.advance(30_000)
    expect(await outcome(big)).toBe('deadline')
  })
})

describe('where a model goes', () => {
  it('evicts idle models for a place wholly on the GPU', async () => {
    const w = world({ a: model(4), b: model(4) }, [gpu(6), ram(16)])
    const first = w.scheduler.submit(generate('a'))
    await w.clock.advance(2_000)
    await finished(first)
    const ticket = w.scheduler.submit(generate('b'))
    await w.clock.advance(2_000)
    await finished(ticket)
    expect(w.backend.calls).toContain('gone a')
    expect(w.scheduler.snapshot().runners[0]?.spec.placement.kind).toBe('gpu')
  })

  it('does not drain a busy model for that: the CPU then, and up to the GPU in an idle moment with room', async () => {
    const w = world({ a: model(4, 0, { tokens: 1000 }), b: model(4) }, [gpu(6), ram(16)])
    const busy = w.scheduler.submit(generate('a', { keepAliveMs: 0 }))
    await w.clock.advance(2_000)
    const ticket = w.scheduler.submit(generate('b'))
    await w.clock.advance(2_000)
    await finished(ticket)
    const b = () => w.scheduler.snapshot().runners.find((r) => r.model === 'b')
    expect(b()?.spec.placement.kind).not.toBe('gpu')
    await w.clock.advance(20_000)
    await finished(busy)
    expect(b()).toMatchObject({ state: 'ready', spec: { placement: { kind: 'gpu' } } })
    expect(w.story().some((line) => line.includes('moves up: all 2 layers fit on the GPU'))).toBe(true)
  })

  it('moves up under load, too, once there is room: beside what runs, which is finished where it is', async () => {
    const slow = { tokens: 1000 }
    const w = world({ a: model(4, 0, slow), b: model(4, 0, slow) }, [gpu(6), ram(16)])
    const busy = w.scheduler.submit(generate('a'))
    await w.clock.advance(2_000)
    const [first, second] = [w.scheduler.submit(generate('b')), w.scheduler.submit(generate('b'))]
    await w.clock.advance(2_000)
    const b = () => w.scheduler.snapshot().runners.filter(({ model: name }) => name === 'b')
    expect(b().map(({ state, spec }) => [state, spec.placement.kind])).toEqual([['busy', 'hybrid']])
    busy.cancel()
    await w.clock.advance(1_500)
    expect(b().map(({ state, spec }) => [state, spec.placement.kind])).toEqual([
      ['busy', 'hybrid'],
      ['busy', 'gpu'],
    ])
    expect(w.story().some((line) => line.includes('moves up: all 2 layers fit on the GPU'))).toBe(true)
    await w.clock.advance(20_000)
    expect(await Promise.all([outcome(first), outcome(second)])).toEqual(['answered', 'answered'])
    expect(b().map(({ state, spec }) => [state, spec.placement.kind])).toEqual([['ready', 'gpu']])
  })

  it('stays where it is while the place above is held by work', async () => {
    const slow = { tokens: 1000 }
    const w = world({ a: model(4, 0, slow), b: model(4, 0, slow) }, [gpu(6), ram(16)])
    w.scheduler.submit(generate('a'))
    await w.clock.advance(2_000)
    for (let i = 0; i < 2; i += 1) w.scheduler.submit(generate('b'))
    await w.clock.advance(6_000)
    const kinds = w.scheduler.snapshot().runners.map(({ spec }) => spec.placement.kind)
    expect(kinds.toSorted()).toEqual(['gpu', 'hybrid'])
  })

  it('refuses at once what could never fit, with the figures and what would help', async () => {
    const w = world({ huge: model(40, 8) }, [gpu(8), ram(16)])
    const ticket = w.scheduler.submit(generate('huge'))
    await w.clock.settle()
    expect(await outcome(ticket)).toBe('cannot-fit')
    const refusal = w.events.find((event) => event.type === 'refused')
    expect(refusal?.why).toMatch(/huge cannot be loaded: .*too large for any placement/)
  })

  it('takes as many slots as fit a quarter of what is free, and fewer rather than none', async () => {
    const models = { roomy: model(1, 0.25), tight: model(1, 3) }
    const w = world(models, [gpu(8), ram(0.1)], { slots: 0 })
    const roomy = w.scheduler.submit(loadOnly('roomy'))
    await w.clock.advance(2_000)
    expect((await roomy.granted).spec.slots).toBe(4)
    const tight = w.scheduler.submit(loadOnly('tight'))
    await w.clock.advance(2_000)
    expect((await tight.granted).spec.slots).toBe(1)
  })
})
