import type { FakeRunner } from '@berth/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { finished, generate, model, ram, world, type World } from './world.js'

const shares = (w: World) =>
  Object.fromEntries(
    [...w.backend.runners].map((r: FakeRunner) => [r.spec.model, r.threads.at(-1) ?? r.spec.threads]),
  )

describe('cores', () => {
  it('are divided over the models that compute on them, and come back when one is idle', async () => {
    const w = world({ a: model(1, 0, { tokens: 100 }), b: model(1, 0, { tokens: 50 }) }, [ram(8)], {
      cores: 5,
    })
    const a = w.scheduler.submit(generate('a'))
    await w.clock.advance(1_100)
    expect(shares(w)).toEqual({ a: 5 })
    const b = w.scheduler.submit(generate('b', { keepAliveMs: -1 }))
    await w.clock.advance(500)
    expect(shares(w)).toEqual({ a: 4 })
    await w.clock.advance(500)
    await finished(a)
    const again = w.scheduler.submit(generate('a'))
    await w.clock.advance(200)
    expect(shares(w)).toEqual({ a: 3, b: 2 })
    await w.clock.advance(10_000)
    await finished(b)
    await finished(again)
  })

  it('are told before a job starts, and not again while they stay the same', async () => {
    const models = { a: model(1, 0, { tokens: 10 }), b: model(1, 0, { tokens: 10 }) }
    const w = world(models, [ram(8)], { cores: 4 })
    const first = finished(w.scheduler.submit(generate('a')))
    await w.clock.advance(10_000)
    await first
    const [a] = w.backend.runners
    if (a === undefined) throw new Error('a was not loaded')
    expect(a.threads).toEqual([4])

    const toldBefore: (readonly number[])[] = []
    const start = a.start.bind(a)
    a.start = (...job) => {
      toldBefore.push([...a.threads])
      return start(...job)
    }
    const second = finished(w.scheduler.submit(generate('a')))
    await w.clock.advance(10_000)
    await second
    const ofB = finished(w.scheduler.submit(generate('b')))
    await w.clock.advance(100)
    const third = finished(w.scheduler.submit(generate('a')))
    await w.clock.advance(20_000)
    await Promise.all([ofB, third])
    expect(toldBefore).toEqual([[4], [4, 3]])
  })

  it('are never more in use than there are: the next model waits, and gets its turn', async () => {
    const models = { a: model(1, 0, { tokens: 100 }), b: model(1, 0, { tokens: 100 }) }
    const w = world(models, [ram(8)], { cores: 1, patienceMs: 5_000 })
    // One client keeps a busy without a pause; b must get its turn all the same.
    let asked = 0
    const keepBusy = async () => {
      while (asked < 30) {
        asked += 1
        await finished(w.scheduler.submit(generate('a')))
      }
    }
    const busy = Promise.all([keepBusy(), keepBusy()])
    await w.clock.advance(1_500)
    const b = w.scheduler.submit(generate('b'))
    const text = finished(b)
    await w.clock.advance(100)
    expect(b.waiting()?.why).toBe('waits for a core: the one core is with a')
    await w.clock.advance(12_000)
    expect(await text).toContain('b-100')
    expect(asked).toBeLessThan(30)
    await w.clock.advance(60_000)
    await busy
    const busyAtOnce = mostBusyAtOnce(w)
    expect(busyAtOnce).toBe(1)
  })
})

function mostBusyAtOnce(w: World): number {
  const busy = new Set<string>()
  let most = 0
  for (const event of w.events) {
    if (event.type !== 'state') continue
    if (event.to === 'busy') busy.add(event.runner)
    else busy.delete(event.runner)
    most = Math.max(most, busy.size)
  }
  return most
}
