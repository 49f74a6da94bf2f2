import type { RequestClass, SchedulerEvent } from '@berth/scheduler'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../runs.js'
import { finished, generate, gpu, model, outcome, ram, world, type World } from './world.js'

/** Weighted tokens that each client has had so far: the fake's prompts are one token, those of answers count double. */
function had(events: readonly SchedulerEvent[], clientOf: ReadonlyMap<string, string>): Map<string, number> {
  const sums = new Map<string, number>()
  const tokens = new Map<string, number>()
  for (const event of events) {
    if (event.type !== 'progress' || event.progress.phase === 'waiting') continue
    const now = event.progress.phase === 'prompt' ? 1 : 1 + 2 * event.progress.tokens
    const client = clientOf.get(event.request) ?? ''
    sums.set(client, (sums.get(client) ?? 0) + now - (tokens.get(event.request) ?? 0))
    tokens.set(event.request, now)
  }
  return sums
}

function submit(w: World, client: string, rest: Parameters<typeof generate>[1] = {}) {
  const ticket = w.scheduler.submit(generate('a', { client, ...rest }))
  return { ticket, end: outcome(ticket) }
}

describe('two clients that both have requests waiting', () => {
  it('have had the same, but for a bounded difference, however many requests each has and how long they are', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 30, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(lengths, lengths, fc.constantFrom(1, 2, 4), async (greedy, modest, slots) => {
        const w = world({ a: model(1, 0.1, { tokens: 100 }) }, [gpu(8), ram(8)], { slots, maxQueue: 200 })
        const clients = new Map<string, string>()
        const ends: Promise<string>[] = []
        const ask = (client: string, maxTokens: number) => {
          const { ticket, end } = submit(w, client, { maxTokens })
          clients.set(ticket.id, client)
          ends.push(end)
        }
        // One asks for all at once, the other for two more than there are slots, and again after each answer.
        for (const tokens of greedy) ask('greedy', tokens)
        const left = [...modest]
        for (let i = 0; i < slots + 2; i += 1) ask('modest', left.pop() ?? 1)
        const again = w.scheduler.on((event) => {
          if (event.type !== 'finished' || clients.get(event.request) !== 'modest') return
          const next = left.pop()
          if (next !== undefined) queueMicrotask(() => ask('modest', next))
        })
        // Theorem 4.4 of Sheng et al.: twice the most that a batch can be charged for.
        const bound = 2 * slots * (1 + 2 * 40)
        for (;;) {
          const { queue } = w.scheduler.snapshot()
          const backlogged = ['greedy', 'modest'].every((name) => queue.some(({ client }) => client === name))
          if (w.clock.now() > 0 && !backlogged) break
          const sums = had(w.events, clients)
          const difference = Math.abs((sums.get('greedy') ?? 0) - (sums.get('modest') ?? 0))
          expect(difference).toBeLessThanOrEqual(bound)
          await w.clock.advance(500)
        }
        again[Symbol.dispose]()
        await w.clock.advance(200_000)
        expect(new Set(await Promise.all(ends))).toEqual(new Set(['answered']))
      }),
      { numRuns: runs(25) },
    )
  })
})

describe('nobody starves', () => {
  it('not a batch request of a client that has had much, among ever new clients with interactive ones', async () => {
    const w = world({ a: model(1, 0, { promptMs: 0, tokens: 100 }) }, [gpu(8), ram(8)], {
      preempt: false,
      starvationMs: 5_000,
      classDelayMs: { interactive: 0, normal: 1_000, batch: 3_000 },
    })
    // 300 tokens, of which others have had none.
    void finished(w.scheduler.submit(generate('a', { client: 'old', maxTokens: 100 })))
    await w.clock.advance(1_500)
    const other = submit(w, 'other', { class: 'interactive', maxTokens: 100 })
    const poor = submit(w, 'old', { class: 'batch', maxTokens: 1 })
    const from = w.clock.now()
    const crowd: Promise<string>[] = []
    let startedAt = Infinity
    w.scheduler.on((event) => {
      if (event.type === 'running' && event.request === poor.ticket.id) startedAt = event.at
    })
    // A new client every 100 ms, with 200 ms of work: the queue grows for ever.
    for (let i = 0; i < 200; i += 1) {
      crowd.push(submit(w, `new${i}`, { class: 'interactive', maxTokens: 20, maxWaitMs: 1_000_000 }).end)
      await w.clock.advance(100)
    }
    // Overdue after 3 + 5 s; then one start in eight is for who has waited longest, and two or three are older than it.
    expect(startedAt - from).toBeLessThan(8_000 + 3 * 8 * 200 + 1_000)
    await w.clock.advance(100_000)
    expect(await poor.end).toBe('answered')
    expect(await other.end).toBe('answered')
    expect(new Set(await Promise.all(crowd))).toEqual(new Set(['answered']))
  })

  it('whatever comes when, of whom and of which class: all are served, in the end', async () => {
    const asked = fc.record({
      client: fc.nat({ max: 4 }),
      class: fc.constantFrom<RequestClass>('interactive', 'normal', 'batch'),
      tokens: fc.integer({ min: 1, max: 30 }),
      pause: fc.nat({ max: 300 }),
    })
    const policies = fc.constantFrom('fifo' as const, 'fair' as const, 'shortest' as const)
    await fc.assert(
      fc.asyncProperty(
        fc.array(asked, { minLength: 10, maxLength: 40 }),
        policies,
        async (requests, policy) => {
          const w = world({ a: model(1, 0, { tokens: 100 }) }, [gpu(8), ram(8)], {
            policy,
            starvationMs: 2_000,
            maxWaitMs: 1_000_000,
          })
          const ends: Promise<string>[] = []
          for (const { client, class: of, tokens, pause } of requests) {
            ends.push(submit(w, `c${client}`, { class: of, maxTokens: tokens }).end)
            await w.clock.advance(pause)
          }
          await w.clock.advance(120_000)
          expect(await Promise.all(ends)).toEqual(requests.map(() => 'answered'))
          expect(w.scheduler.snapshot().queue).toEqual([])
        },
      ),
      { numRuns: runs(30) },
    )
  })
})
