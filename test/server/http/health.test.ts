import type { Snapshot } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { harness, json } from './harness.js'

const chat = { model: 'parrot', messages: [{ role: 'user', content: 'Hello' }], stream: false }

describe('GET /', () => {
  it('says that it is Berth, and how to talk to a model', async () => {
    const { app } = harness()
    const text = await (await app.request('http://localhost:11434/')).text()
    expect(text).toMatch(/^Berth is running\n/)
    expect(text).toContain('curl http://localhost:11434/api/chat -d \'{"model": "parrot:latest"')
  })

  it('says how to get a model where there is none', async () => {
    const { app } = harness({ models: {} })
    expect(await (await app.request('/')).text()).toBe('Berth is running\n\nGet one first.\n')
  })

  it.each(['/', '/api/version', '/api/tags'])('%s can be asked for its head only', async (path) => {
    const { app } = harness()
    const response = await app.request(path, { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})

describe('/metrics', () => {
  it('counts requests, tokens and loads', async () => {
    const { app, post } = harness()
    await post('/api/chat', chat)
    await post('/api/chat', chat)
    await post('/api/chat', { ...chat, model: 'dodo' })
    const response = await app.request('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    for (const line of [
      'berth_http_requests_total{method="POST",route="/api/chat",status="200"} 2',
      'berth_http_requests_total{method="POST",route="/api/chat",status="404"} 1',
      'berth_requests_total{model="parrot:latest",outcome="finished"} 2',
      'berth_decoded_tokens_total{model="parrot:latest"} 6',
      'berth_loads_total{model="parrot:latest"} 1',
      'berth_wait_seconds_count{model="parrot:latest"} 2',
      'berth_queue_length 0',
      'berth_runners{state="ready"} 1',
    ]) {
      expect(text).toContain(`${line}\n`)
    }
    expect(text).toMatch(/^berth_model_bytes\{model="parrot:latest",device="ram"\} \d+$/m)
  })

  it('counts how models left', async () => {
    const { app, post, backend } = harness({
      settings: { maxLoaded: 1 },
      models: { 'a:latest': {}, 'b:latest': {} },
    })
    await post('/api/chat', { ...chat, model: 'a' })
    await post('/api/chat', { ...chat, model: 'b' })
    backend.crash('b:latest')
    await post('/api/chat', { ...chat, model: 'a' })
    const text = await (await app.request('/metrics')).text()
    expect(text).toContain('berth_unloads_total{model="a:latest",how="evicted"} 1\n')
    expect(text).toContain('berth_unloads_total{model="b:latest",how="lost"} 1\n')
  })
})

describe('/api/berth', () => {
  it('pins a model, so that nothing evicts it, and lets it go again', async () => {
    const { post, scheduler } = harness()
    expect(await json(post('/api/berth/pin', { model: 'parrot' }))).toEqual({
      model: 'parrot:latest',
      pinned: true,
    })
    await post('/api/chat', { ...chat, keep_alive: 0 })
    expect(scheduler.snapshot().runners[0]).toMatchObject({ pinned: true, state: 'ready' })
    await post('/api/berth/pin', { model: 'parrot', pinned: false })
    expect(scheduler.snapshot().runners.filter(({ pinned }) => pinned)).toEqual([])
  })

  it('unloads a model, and answers when it is gone', async () => {
    const { post, backend } = harness()
    await post('/api/chat', chat)
    expect(await json(post('/api/berth/unload', { model: 'parrot' }))).toEqual({
      model: 'parrot:latest',
      loaded: false,
    })
    expect(backend.calls.at(-1)).toBe('gone parrot:latest')
  })

  it('shows everything there is to see', async () => {
    const { app, post } = harness()
    await post('/api/chat', chat)
    const snapshot = await json<Snapshot>(app.request('/api/berth/snapshot'))
    expect(snapshot.runners).toMatchObject([{ model: 'parrot:latest', state: 'ready' }])
    expect(snapshot.devices).toMatchObject([{ device: { id: 'ram' } }])
  })

  it('knows no model that is none', async () => {
    const { post } = harness()
    expect((await post('/api/berth/pin', { model: 'dodo' })).status).toBe(404)
    expect((await post('/api/berth/unload', {})).status).toBe(400)
  })
})
