import { describe, expect, it } from 'vitest'
import type { BerthQueueResponse } from '@berth/protocol'
import { eventually } from '../../eventually.js'
import { harness, json } from './harness.js'

const chat = { model: 'parrot', messages: [{ role: 'user', content: 'Hello' }] }

describe('GET /api/queue', () => {
  it('is empty where nobody waits', async () => {
    const { app } = harness()
    expect(await json(app.request('/api/queue'))).toEqual({
      policy: 'fair',
      runners: [],
      queue: [],
    })
  })

  it('tells who waits for what, at which place, since when, why and until when', async () => {
    const before = Date.now()
    const { app, post, scheduler } = harness({ models: { 'parrot:latest': { promptMs: 1e9 } } })
    void post('/api/chat', chat)
    await eventually(() => scheduler.snapshot().runners[0]?.state).toBe('busy')
    void post('/api/chat', chat)
    void post('/api/generate', { model: 'parrot', prompt: 'Hello' })
    await eventually(() => scheduler.snapshot().queue.length).toBe(2)
    const { runners, queue } = await json<BerthQueueResponse>(app.request('/api/queue'))
    expect(runners).toEqual([
      {
        model: 'parrot:latest',
        state: 'busy',
        why: expect.stringMatching(/\w/),
        pinned: false,
        running: 1,
        slots: 1,
        requests: [{ request: 'r1', class: 'normal', since: expect.any(String), client: 'local' }],
      },
    ])
    expect(queue.map(({ position }) => position)).toEqual([1, 2])
    for (const waiting of queue) {
      expect(Object.keys(waiting).toSorted()).toEqual([
        'class',
        'client',
        'expected_start',
        'model',
        'position',
        'request',
        'since',
        'why',
      ])
      expect(waiting).toMatchObject({ model: 'parrot:latest', why: expect.stringMatching(/\w/) })
      expect(Date.parse(waiting.since)).toBeGreaterThanOrEqual(before - 1_000)
      expect(Date.parse(waiting.since)).toBeLessThanOrEqual(Date.now() + 1_000)
    }
  })
})
