import { describe, expect, it } from 'vitest'
import { learnedKeepAlive } from '../../packages/scheduler/src/keep-alive.js'
import { finished, generate, gpu, model, ram, world, type World } from './world.js'

const MINUTE = 60_000

async function ask(w: World, gaps: readonly number[], keepAliveMs?: number): Promise<void> {
  for (const gap of gaps) {
    const ticket = w.scheduler.submit(
      generate('a', { maxTokens: 1, ...(keepAliveMs === undefined ? {} : { keepAliveMs }) }),
    )
    void finished(ticket)
    await w.clock.advance(gap)
  }
}

const gone = (w: World) =>
  w.events.flatMap((event) => (event.type === 'evicted' ? [`${event.at}: ${event.why}`] : []))

describe('a learned keep-alive', () => {
  it('is a little longer than nine in ten of the gaps that it could bridge', () => {
    const gaps = [1, 2, 3, 4, 5, 6, 7, 8, 9, 60].map((s) => s * 2_000)
    expect(learnedKeepAlive(gaps, 5 * MINUTE)).toEqual({
      ms: 22_500,
      why: 'learned from its last requests: 9 of 10 came within 23 s of the one before',
    })
  })

  it('is short where no keep-alive that is allowed would bridge the gaps, and where they are tiny', () => {
    expect(
      learnedKeepAlive(
        Array.from({ length: 20 }, () => 60 * MINUTE),
        5 * MINUTE,
      )?.ms,
    ).toBe(10_000)
    expect(
      learnedKeepAlive(
        Array.from({ length: 20 }, () => 100),
        5 * MINUTE,
      )?.ms,
    ).toBe(10_000)
    expect(
      learnedKeepAlive(
        Array.from({ length: 20 }, () => 100),
        2_000,
      )?.ms,
    ).toBe(2_000)
  })

  it('is not there before there was enough to learn from', () => {
    expect(learnedKeepAlive([1_000, 1_000, 1_000, 1_000], 5 * MINUTE)).toBeNull()
  })

  it('lets a model leave when its next request would have come by now', async () => {
    const w = world({ a: model(1) }, [gpu(8), ram(8)], { keepAlive: 'learned', keepAliveMs: 10 * MINUTE })
    await ask(w, [20_000, 20_000, 20_000, 20_000, 20_000, 20_000])
    expect(gone(w)).toEqual([])
    await w.clock.advance(10 * MINUTE)
    expect(gone(w)).toEqual([
      '125020: idle 25 s, its keep-alive of 25 s is over, learned from its last requests: 5 of 5 came within 25 s of the one before',
    ])
  })

  it('is not for a model that a request gave one, nor where it is not wished for', async () => {
    const given = world({ a: model(1) }, [gpu(8), ram(8)], { keepAlive: 'learned', keepAliveMs: 10 * MINUTE })
    const fixed = world({ a: model(1) }, [gpu(8), ram(8)], { keepAlive: 'fixed', keepAliveMs: 2 * MINUTE })
    const gaps = [20_000, 20_000, 20_000, 20_000, 20_000, 20_000]
    await ask(given, gaps, 4 * MINUTE)
    await ask(fixed, gaps)
    await given.clock.advance(10 * MINUTE)
    await fixed.clock.advance(10 * MINUTE)
    expect(gone(given)).toEqual(['340020: idle 240 s, its keep-alive of 240 s is over'])
    expect(gone(fixed)).toEqual(['220020: idle 120 s, its keep-alive of 120 s is over'])
  })
})
