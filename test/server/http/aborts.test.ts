import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import type { SchedulerEvent } from '@berth/scheduler'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../eventually.js'
import { addressOf, listen } from '../../../apps/server/src/listen.js'
import { harness, type HarnessOptions } from './harness.js'

/** The whole HTTP side on a real socket, with clients that can hang up. */
async function served(options: HarnessOptions) {
  const { app, scheduler, backend, lines } = harness(options)
  const events: SchedulerEvent[] = []
  scheduler.on((event) => void events.push(event))
  const local = { hostname: '127.0.0.1', port: 0 }
  const server = await listen(app.fetch, local)
  const { port } = addressOf(server, local)
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  const ask = (method: string, path: string, body?: unknown): ClientRequest => {
    const asked = request({ host: '127.0.0.1', port, method, path })
    // Hanging up is an error to the one who does it.
    asked.on('error', () => {})
    asked.end(body === undefined ? undefined : JSON.stringify(body))
    return asked
  }
  const of = (type: SchedulerEvent['type']) => events.filter((event) => event.type === type)
  return { ask, of, scheduler, backend, lines }
}

const chat = { model: 'parrot', messages: [{ role: 'user', content: 'Hello' }] }
const endless = { tokenMs: 1, tokens: 100_000 }

/** The answer, once its first bytes are here. */
async function begun(asked: ClientRequest): Promise<IncomingMessage> {
  const [response]: IncomingMessage[] = await once(asked, 'response')
  if (response === undefined) throw new Error('there is no response')
  await once(response, 'data')
  return response
}

describe('a client that hangs up', () => {
  it.each([
    ['/api/generate', { model: 'parrot', keep_alive: 0 }],
    ['/api/berth/unload', { model: 'parrot' }],
  ])('while a busy model is to leave, is waited for no longer: %s', async (path, body) => {
    const { ask, of, lines } = await served({ models: { 'parrot:latest': endless } })
    await begun(ask('POST', '/api/chat', chat))
    const asked = ask('POST', path, body)
    await eventually(() => of('draining')).toHaveLength(1)
    asked.destroy()
    await eventually(() => lines.filter(({ clientLeft }) => clientLeft)).toMatchObject([
      { path, method: 'POST' },
    ])
    expect(of('finished').concat(of('cancelled'))).toEqual([])
  })

  it.each([
    ['/api/chat', chat],
    ['/api/generate', { model: 'parrot', prompt: 'Hello' }],
    ['/v1/chat/completions', { ...chat, stream: true }],
    ['/v1/completions', { model: 'parrot', prompt: 'Hello', stream: true }],
  ])('in decode, cancels its job and frees the slot: %s', async (path, body) => {
    const { ask, of, scheduler, lines } = await served({ models: { 'parrot:latest': endless } })
    const asked = ask('POST', path, body)
    await begun(asked)
    asked.destroy()
    await eventually(() => of('cancelled')).toMatchObject([{ why: 'the client went away' }])
    await eventually(() => scheduler.snapshot().runners[0]?.state).toBe('ready')
    await expect
      .poll(() => lines.find(({ clientLeft }) => clientLeft))
      .toMatchObject({ path, method: 'POST' })
  })

  it.each([
    ['streaming', true],
    ['waiting for the whole answer', false],
  ])('in the prompt, cancels its job, %s', async (_, stream) => {
    const { ask, of, scheduler } = await served({ models: { 'parrot:latest': { promptMs: 1e9 } } })
    const asked = ask('POST', '/api/chat', { ...chat, stream })
    await eventually(() => scheduler.snapshot().runners[0]?.state).toBe('busy')
    asked.destroy()
    await eventually(() => of('cancelled').length).toBe(1)
    await eventually(() => scheduler.snapshot().runners[0]?.state).toBe('ready')
  })

  it('in decode, cancels its job when it waits for the whole answer', async () => {
    const { ask, of, scheduler } = await served({ models: { 'parrot:latest': endless } })
    const asked = ask('POST', '/api/chat', { ...chat, stream: false })
    await eventually(() => scheduler.snapshot().runners[0]?.running[0]?.progress?.phase).toBe('decode')
    asked.destroy()
    await eventually(() => of('cancelled').length).toBe(1)
  })

  it('in the queue, leaves it', async () => {
    const { ask, of, scheduler } = await served({ models: { 'parrot:latest': endless } })
    const first = ask('POST', '/api/chat', chat)
    await begun(first)
    const second = ask('POST', '/api/chat', chat)
    await eventually(() => scheduler.snapshot().queue.length).toBe(1)
    second.destroy()
    await eventually(() => scheduler.snapshot().queue.length).toBe(0)
    expect(of('cancelled').length).toBe(1)
    expect(scheduler.snapshot().runners[0]?.running.length).toBe(1)
    first.destroy()
  })

  it('during the load, has it called off where nobody else waits for it', async () => {
    const { ask, of, backend } = await served({ models: { 'parrot:latest': { loadMs: 1e9 } } })
    const asked = ask('POST', '/api/generate', { model: 'parrot' })
    await eventually(() => backend.calls).toContain('load parrot:latest')
    asked.destroy()
    await eventually(() => backend.calls).toContain('aborted parrot:latest')
    expect(of('cancelled').length).toBe(1)
  })

  it('lets the next one be served', async () => {
    const { ask } = await served({ models: { 'parrot:latest': endless } })
    const first = ask('POST', '/api/chat', chat)
    await begun(first)
    const second = ask('POST', '/api/chat', chat)
    first.destroy()
    await begun(second)
    second.destroy()
  })
})

describe('/api/events', () => {
  it('begins with a snapshot, and goes on with each event in order', async () => {
    const { ask } = await served({})
    const watching = ask('GET', '/api/events')
    const [response]: IncomingMessage[] = await once(watching, 'response')
    if (response === undefined) throw new Error('there is no response')
    response.setEncoding('utf8')
    let text = ''
    response.on('data', (chunk: string) => {
      text += chunk
    })
    await eventually(() => text).toContain('event: snapshot\n')
    ask('POST', '/api/chat', chat)
    await eventually(() => text).toContain('event: finished\n')
    watching.destroy()

    const types = [...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type)
    expect(types.slice(0, 2)).toEqual(['snapshot', 'queued'])
    expect(types).toEqual(expect.arrayContaining(['waiting', 'state', 'loading', 'running', 'finished']))
    const seqs = [...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq))
    expect(seqs).toEqual(seqs.map((_, index) => index))
  })

  it('tells again how things stand, and how busy the machine is, where that is asked for', async () => {
    const { ask } = await served({})
    const watching = ask('GET', '/api/events?snapshots=1')
    const [response]: IncomingMessage[] = await once(watching, 'response')
    if (response === undefined) throw new Error('there is no response')
    expect(response.headers['x-berth-rights']).toBe('admin')
    response.setEncoding('utf8')
    let text = ''
    response.on('data', (chunk: string) => {
      text += chunk
    })
    await eventually(() => text).toContain('event: machine\n')
    watching.destroy()
    expect([...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type)).toEqual([
      'snapshot',
      'snapshot',
      'machine',
    ])
    const load: unknown = JSON.parse(/^event: machine\ndata: (.*)$/m.exec(text)?.[1] ?? 'null')
    expect(load).toEqual({ cores: expect.any(Number), busy: expect.any(Number) })
  })

  it('says what is wrong with how often', async () => {
    const { app } = harness()
    const response = await app.request('/api/events?snapshots=often')
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('expected whole seconds from 1 to 3600')
  })
})
