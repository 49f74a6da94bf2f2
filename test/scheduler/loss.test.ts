import { BackendError } from '@berth/scheduler'
import { STUCK } from '@berth/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { finished, generate, gpu, model, outcome, ram, world } from './world.js'

const crash = () => new BackendError('lost', 'exit code 139')

describe('a runner that dies', () => {
  it('ends a job that has given something, with an error that says so', async () => {
    const w = world({ a: model(1, 0, { tokens: 100 }) }, [gpu(8), ram(8)])
    const ticket = w.scheduler.submit(generate('a'))
    const reading = ticket.pieces[Symbol.asyncIterator]()
    const first = reading.next()
    await w.clock.advance(1_500)
    expect((await first).value).toMatchObject({ type: 'text' })
    w.backend.crash('a')
    await w.clock.settle()
    const rest = (async () => {
      while ((await reading.next()).done !== true);
    })()
    await expect(rest).rejects.toMatchObject({ code: 'runner-lost', message: 'a was lost: exit code 139' })
    expect(w.budget.usage().map((usage) => usage.reserved)).toEqual([0, 0])
  })

  it('has a job tried once more whose answer is wanted whole, wherever it was lost', async () => {
    const w = world({ a: model(1, 0, { tokens: 100 }) }, [gpu(8), ram(8)])
    const whole = w.scheduler.submit(generate('a')).whole()
    await w.clock.advance(1_500)
    w.backend.crash('a')
    await w.clock.advance(5_000)
    const text = (await whole).map((piece) => (piece.type === 'text' ? piece.text : '')).join('')
    expect(text.startsWith('a-1 a-2 ')).toBe(true)
    expect(text.trim().split(' ')).toHaveLength(100)
  })

  it('has a job tried once more that has given nothing yet, and no more than once', async () => {
    const w = world({ a: model(1, 0, { promptMs: 10_000 }) }, [gpu(8), ram(8)])
    const ticket = w.scheduler.submit(generate('a'))
    const text = outcome(ticket)
    await w.clock.advance(2_000)
    w.backend.crash('a')
    await w.clock.advance(2_000)
    expect(w.events.some((event) => event.type === 'retried')).toBe(true)
    expect(w.scheduler.snapshot().runners[0]?.state).toBe('busy')
    w.backend.crash('a')
    await w.clock.advance(20_000)
    expect(await text).toBe('runner-lost')
    expect(w.backend.calls.filter((call) => call === 'load a')).toHaveLength(2)
  })

  it('lets the others go on: the next request has a new runner', async () => {
    const w = world({ a: model(1, 0, { tokens: 100 }) }, [gpu(8), ram(8)])
    const ticket = w.scheduler.submit(generate('a'))
    const text = finished(ticket)
    await w.clock.advance(1_100)
    const next = w.scheduler.submit(generate('a', { maxTokens: 1 }))
    w.backend.crash('a')
    await w.clock.advance(10_000)
    expect(await finished(next)).toBe('a-1 ')
    await expect(text).rejects.toMatchObject({ code: 'runner-lost' })
  })
})

describe('the watchdog', () => {
  it('kills a runner whose job makes no progress', async () => {
    const w = world({ a: model(1) }, [gpu(8), ram(8)], { runStallMs: 30_000 })
    const ticket = w.scheduler.submit(generate('a', { prompt: STUCK }))
    const end = outcome(ticket)
    await w.clock.advance(90_000)
    expect(await end).toBe('runner-lost')
    expect(w.events.filter((event) => event.type === 'lost').map((event) => event.why)).toEqual([
      'a job made no progress for 30 s',
      'a job made no progress for 30 s',
    ])
    expect(w.backend.runners.size).toBe(0)
  })

  it('leaves alone what is slow but goes on', async () => {
    const w = world({ a: model(1, 0, { tokenMs: 29_000 }) }, [gpu(8), ram(8)], { runStallMs: 30_000 })
    const ticket = w.scheduler.submit(generate('a'))
    await w.clock.advance(100_000)
    expect(await finished(ticket)).toContain('a-3')
  })

  it('ends a load that gives no sign of life, and tries once more', async () => {
    const w = world({ a: model(1, 0, { loadFailures: ['stall'] }) }, [gpu(8), ram(8)], {
      loadStallMs: 60_000,
    })
    const ticket = w.scheduler.submit(generate('a'))
    await w.clock.advance(70_000)
    expect(await finished(ticket)).toContain('a-1')
    expect(w.events.find((event) => event.type === 'load-failed')?.why).toBe(
      'the load gave no sign of life for 60 s',
    )
  })
})

describe('a load that fails', () => {
  it('ends all that wait for it with the reason, and the next request tries anew', async () => {
    const broken = new BackendError('bad-model', 'a.gguf is cut off')
    const w = world({ a: model(1, 0, { loadFailures: [broken] }) }, [gpu(8), ram(8)])
    const tickets = [1, 2].map(() => w.scheduler.submit(generate('a')))
    await w.clock.advance(2_000)
    for (const ticket of tickets) {
      await expect(ticket.granted).rejects.toMatchObject({
        code: 'load-failed',
        message: 'a could not be loaded: a.gguf is cut off',
        cause: broken,
      })
    }
    const next = w.scheduler.submit(generate('a'))
    await w.clock.advance(2_000)
    expect(await finished(next)).toContain('a-1')
  })

  it('is tried once more after a crash, and gives up after a second one', async () => {
    const w = world({ a: model(1, 0, { loadFailures: [crash(), null, crash(), crash()] }) }, [gpu(8), ram(8)])
    const first = w.scheduler.submit(generate('a', { keepAliveMs: 0 }))
    await w.clock.advance(5_000)
    expect(await finished(first)).toContain('a-1')
    const second = w.scheduler.submit(generate('a'))
    await w.clock.advance(5_000)
    expect(await outcome(second)).toBe('load-failed')
  })

  it('for want of memory is tried once more with a larger reservation, and so elsewhere', async () => {
    const short = new BackendError('out-of-memory', 'cudaMalloc failed')
    const w = world({ a: model(7, 0, { loadFailures: [short] }) }, [gpu(8), ram(16)])
    const ticket = w.scheduler.submit(generate('a'))
    await w.clock.advance(5_000)
    expect(await finished(ticket)).toContain('a-1')
    const kinds = w.events.flatMap((event) =>
      event.type === 'state' && event.placement ? [event.placement.kind] : [],
    )
    expect(kinds[0]).toBe('gpu')
    expect(kinds[1]).not.toBe('gpu')
  })
})
