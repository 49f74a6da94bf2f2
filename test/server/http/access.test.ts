import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ApiKeys, Origins } from '../../../apps/server/src/access/index.js'
import { harness, json, type ErrorBody } from './harness.js'

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex')

describe('the Host header of a server on loopback', () => {
  it.each([
    'localhost',
    'localhost:11434',
    '127.0.0.1:11434',
    '[::1]:11434',
    '192.168.1.7',
    '10.0.0.1:80',
    '0.0.0.0:11434',
    'nas.local',
    'app.localhost:3000',
    'host.docker.internal:11434',
    'quay:11434',
  ])('%s may come in', async (host) => {
    const { app } = harness()
    expect((await app.request('/api/version', { headers: { host } })).status).toBe(200)
  })

  it.each([
    'evil.example',
    'evil.example:11434',
    '8.8.8.8',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
  ])('%s may not: its owner may have pointed it here', async (host) => {
    const { app } = harness()
    const response = await app.request('/api/tags', { headers: { host } })
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({ error: `host "${host}" is not allowed` })
  })

  it('does not matter where the server listens for others too', async () => {
    const { app } = harness({ access: { loopback: false } })
    expect((await app.request('/api/version', { headers: { host: 'models.example' } })).status).toBe(200)
  })
})

async function ask(
  origin: string,
  more: readonly string[] = [],
  method = 'GET',
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { app } = harness({ access: { origins: new Origins(more) } })
  return await app.request('/api/version', {
    method,
    headers: { host: 'localhost:11434', origin, ...headers },
  })
}

describe('web origins', () => {
  it.each([
    'http://localhost',
    'http://localhost:3000',
    'https://127.0.0.1:8443',
    'http://[::1]:5173',
    'app://obsidian.md',
    'tauri://localhost',
    'vscode-webview://abc',
  ])('%s may call', async (origin) => {
    const response = await ask(origin)
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
  })

  it.each([
    'https://evil.example',
    'http://localhost.evil.example',
    'http://localhost:3000.evil.example',
    'null',
  ])('%s may not', async (origin) => {
    const response = await ask(origin)
    expect(response.status).toBe(403)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('may be added', async () => {
    expect((await ask('https://chat.example', ['https://chat.example'])).status).toBe(200)
    expect((await ask('https://a.chat.example', ['https://*.chat.example'])).status).toBe(200)
    expect((await ask('https://chat.example', ['https://*.chat.example'])).status).toBe(403)
    expect((await ask('https://anything.example', ['*'])).status).toBe(200)
  })

  it('ask first, and are told what they may send', async () => {
    const response = await ask('http://localhost:3000', [], 'OPTIONS', {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-stainless-os',
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-headers')).toBe('x-stainless-os')
    expect(response.headers.get('access-control-allow-methods')).toContain('POST')
  })
})

describe('API keys', () => {
  const keys = ApiKeys.parse(
    `# who may call\nann user sha256:${sha256('key-of-ann')}\n\nbob admin sha256:${sha256('key-of-bob').toUpperCase()}\n`,
  )
  const ann = { authorization: 'Bearer key-of-ann' }
  const bob = { authorization: 'bearer key-of-bob' }
  const chat = { model: 'parrot', messages: [{ role: 'user', content: 'Hello' }], stream: false }

  it('are asked for, in each family’s shape', async () => {
    const { app, post } = harness({ access: { keys } })
    const ollama = await app.request('/api/tags')
    expect(ollama.status).toBe(401)
    expect(ollama.headers.get('www-authenticate')).toBe('Bearer')
    expect(await ollama.json()).toEqual({ error: expect.stringContaining('API key') })
    const openAi = await post('/v1/chat/completions', chat, { authorization: 'Bearer wrong' })
    expect(openAi.status).toBe(401)
    expect(await openAi.json()).toEqual({
      error: {
        message: 'the API key is not known',
        type: 'authentication_error',
        param: null,
        code: 'unauthenticated',
      },
    })
  })

  it('are not asked for by whoever only looks whether a server is there', async () => {
    const { app } = harness({ access: { keys } })
    expect((await app.request('/')).status).toBe(200)
    expect((await app.request('/api/version')).status).toBe(200)
    expect((await app.request('/metrics')).status).toBe(401)
    expect((await app.request('/api/events')).status).toBe(401)
  })

  it('name their holder to the scheduler', async () => {
    const { post, requests } = harness({ access: { keys } })
    expect((await post('/api/chat', chat, ann)).status).toBe(200)
    expect((await post('/api/chat', chat, { 'x-api-key': 'key-of-bob' })).status).toBe(200)
    expect(requests.map(({ client }) => client)).toEqual(['ann', 'bob'])
  })

  it('let their holders change things only where they are admin keys', async () => {
    const { post } = harness({ access: { keys } })
    const refused = await post('/api/berth/pin', { model: 'parrot' }, ann)
    expect([refused.status, await refused.json()]).toEqual([403, { error: 'this needs an admin key' }])
    expect((await post('/api/berth/pin', { model: 'parrot' }, bob)).status).toBe(200)
  })

  it('let nobody but an admin take what is pinned out of memory', async () => {
    const { post, scheduler } = harness({ access: { keys } })
    await post('/api/berth/pin', { model: 'parrot' }, bob)
    await post('/api/generate', { model: 'parrot' }, ann)
    expect((await post('/api/generate', { model: 'parrot', keep_alive: 0 }, ann)).status).toBe(200)
    expect((await post('/api/berth/unload', { model: 'parrot' }, ann)).status).toBe(403)
    expect(scheduler.snapshot().runners).toMatchObject([{ model: 'parrot:latest', pinned: true }])
    expect((await post('/api/berth/unload', { model: 'parrot' }, bob)).status).toBe(200)
    expect(scheduler.snapshot().runners).toEqual([])
  })

  it('are in no line of the log', async () => {
    const { post, lines } = harness({ access: { keys } })
    await post('/api/chat', chat, ann)
    await post('/api/chat', chat, { authorization: 'Bearer wrong-key' })
    expect(lines.length).toBeGreaterThan(0)
    const log = JSON.stringify(lines)
    expect(log).not.toContain('key-of-ann')
    expect(log).not.toContain('wrong-key')
    expect(log).not.toContain(sha256('key-of-ann'))
  })

  it.each([
    ['ann user key-of-ann', 'line 1: expected "NAME user|admin sha256:<64 hexadecimal digits>"'],
    [`ann owner sha256:${sha256('x')}`, 'line 1: expected "NAME user|admin sha256:<64 hexadecimal digits>"'],
    ['# nobody', 'expected at least one key; leave the setting out to ask for none'],
  ])('are read from a file; in one with "%s" the mistake is named and not shown', (text, message) => {
    expect(() => ApiKeys.parse(text)).toThrow(new Error(message))
  })
})

describe('a body over the limit', () => {
  it('is refused with 413 by the length it announces', async () => {
    const { post } = harness({ bodyLimit: 100 })
    const headers = { 'content-length': '101' }
    const response = await post('/api/generate', { model: 'parrot', prompt: 'x'.repeat(70) }, headers)
    expect(response.status).toBe(413)
    expect((await json<ErrorBody>(response)).error).toContain('100 bytes')
  })

  it('is refused with 413 as it comes, where it announces none', async () => {
    const { app } = harness({ bodyLimit: 100 })
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        sent += 1
        controller.enqueue(new Uint8Array(60))
      },
    })
    const response = await app.request('/api/generate', { method: 'POST', body, duplex: 'half' })
    expect(response.status).toBe(413)
    expect(sent).toBeLessThan(10)
  })
})

describe('request ids', () => {
  it('are in the answer and in every line of the log about the request', async () => {
    const { post, lines } = harness()
    const response = await post('/api/generate', { model: 'parrot', prompt: 'Hello', stream: false })
    const id = response.headers.get('x-request-id')
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    const about = lines.filter(({ event, request, method }) => method !== undefined || (event && request))
    expect(about.map(({ event }) => event)).toEqual([
      'queued',
      'waiting',
      'waiting',
      'running',
      'finished',
      undefined,
    ])
    expect(about.map(({ requestId }) => requestId)).toEqual(about.map(() => id))
  })

  it('are in the answer to a failed request too', async () => {
    const { app } = harness()
    expect((await app.request('/nowhere')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

/** Whose key it is, by a line with these settings. */
const withSettings = (settings: string) =>
  ApiKeys.parse(`ada user sha256:${createHash('sha256').update('k').digest('hex')} ${settings}`).holder('k')

describe('the settings of a key', () => {
  const HASH = 'a'.repeat(64)

  it('are read from its line', () => {
    expect(withSettings('class=batch max-class=normal concurrent=2 rpm=60 tpm=10000')).toEqual({
      name: 'ada',
      role: 'user',
      class: 'batch',
      maxClass: 'normal',
      limits: { concurrent: 2, requestsPerMinute: 60, tokensPerMinute: 10_000 },
    })
    expect(withSettings('rpm=0')).toEqual({ name: 'ada', role: 'user', limits: { requestsPerMinute: 0 } })
    expect(withSettings('')).toEqual({ name: 'ada', role: 'user' })
  })

  it.each([
    ['class=urgent', 'line 1: class: expected interactive, normal or batch'],
    ['rpm=many', 'line 1: rpm: expected a whole number, 0 for no limit'],
    ['rpm=1 rpm=2', 'line 1: rpm: expected once'],
    ['sk-secret', 'line 1: expected settings such as class=batch, of class, max-class, concurrent, rpm, tpm'],
    [
      '__proto__=1',
      'line 1: expected settings such as class=batch, of class, max-class, concurrent, rpm, tpm',
    ],
  ])('that are wrong are named by their line, without what may be a key: %s', (settings, message) => {
    expect(() => ApiKeys.parse(`ada user sha256:${HASH} ${settings}`)).toThrow(new Error(message))
  })
})
