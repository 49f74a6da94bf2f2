import { DEFAULT_SETTINGS } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../eventually.js'
import { harness, json, type ErrorBody } from '../http/harness.js'
import { back, upstream } from './back.js'

const messages = [{ role: 'user', content: 'Hello' }]
const SLOW = { 'far:latest': { tokens: 10_000, tokenMs: 20 } }

/** Asks a Berth that has nothing of its own, and can be left. */
function asker(front: ReturnType<typeof harness>) {
  const left = new AbortController()
  const ask = async (client: string, more: object = {}) =>
    await front.app.request(
      '/api/chat',
      {
        method: 'POST',
        body: JSON.stringify({ model: 'far', messages, ...more }),
        signal: left.signal,
      },
      { incoming: { socket: { remoteAddress: client } } },
    )
  return { ask, leave: () => left.abort() }
}

describe('another Berth’s models', () => {
  it('are asked for as many answers at a time as its setting says, and the rest waits here', async () => {
    const behind = await back({ models: SLOW, settings: { slots: 8 } })
    const front = harness({ models: {}, upstreams: [upstream(behind, 'berth', { maxConcurrent: 2 })] })
    const { ask, leave } = asker(front)
    const open = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((client) => ask(client))
    await eventually(() => behind.running()).toBe(2)
    expect(front.scheduler.snapshot().queue.map(({ why }) => why)).toEqual([
      'all 2 slots of far:latest are taken',
      'behind 1 more for far:latest: all 2 slots of far:latest are taken',
    ])
    expect(behind.requests.length).toBe(2)
    leave()
    await Promise.allSettled(open)
    await eventually(() => front.scheduler.snapshot().queue.length).toBe(0)
  })

  it('are divided among clients as our own are: limits, fair shares and classes', async () => {
    const behind = await back({ models: { 'far:latest': { tokens: 4, tokenMs: 5 } }, settings: { slots: 8 } })
    const front = harness({
      models: {},
      upstreams: [upstream(behind, 'berth', { maxConcurrent: 1 })],
      settings: { clientLimits: { ...DEFAULT_SETTINGS.clientLimits, concurrent: 4 } },
    })
    const started: string[] = []
    const clients = new Map<string, string>()
    front.scheduler.on((event) => {
      if (event.type === 'queued') clients.set(event.request, `${event.client} ${event.class}`)
      if (event.type === 'running') started.push(clients.get(event.request) ?? '')
    })
    const { ask } = asker(front)
    const read = async (client: string, more: object = {}) => await (await ask(client, more)).text()
    // The first takes the slot; of the others the greedy one's come first.
    const greedy = Array.from({ length: 4 }, () => read('greedy'))
    await eventually(() => clients.size).toBe(4)
    const refused = await ask('greedy')
    expect(refused.status).toBe(429)
    expect((await json<ErrorBody>(refused)).error).toContain('4 at a time is its limit (concurrent)')
    const others = [read('modest'), read('urgent', { priority: 'interactive' })]
    await Promise.all([...greedy, ...others])
    expect(started.length).toBe(6)
    expect(started.indexOf('urgent interactive')).toBeLessThan(started.indexOf('modest normal'))
    expect(started.indexOf('modest normal')).toBeLessThan(started.lastIndexOf('greedy normal'))
  })

  it('are not taken for dead while their requests wait there: its comments are signs of life', async () => {
    const behind = await back({ models: SLOW })
    const front = harness({ models: {}, upstreams: [upstream(behind, 'openai')] })
    const first = behind.scheduler.submit({
      model: 'far:latest',
      purpose: 'generate',
      job: {
        kind: 'generate',
        prompt: { kind: 'raw', text: 'Hello' },
        sampling: {},
        stop: [],
        overflow: { prompt: 'truncate', answer: 'stop' },
      },
    })
    await first.granted
    const phases: string[] = []
    front.scheduler.on((event) => {
      if (event.type === 'progress') phases.push(event.progress.phase)
    })
    const { ask } = asker(front)
    const answer = ask('10.0.0.1', { stream: false, options: { num_predict: 2 } })
    await eventually(() => phases).toContain('waiting')
    first.cancel()
    expect(await json(answer)).toMatchObject({ message: { content: 'far:latest-1 far:latest-2 ' } })
  })
})
