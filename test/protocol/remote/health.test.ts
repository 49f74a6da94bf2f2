import type { RemoteState } from '@berth/protocol'
import { BackendError } from '@berth/scheduler'
import { ManualClock } from '@berth/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../eventually.js'
import {
  backendOf,
  inTurn,
  NATIVE,
  OPENAI,
  refuse,
  runnerOf,
  scriptedServer,
  silence,
} from './scripted-server.js'

const failure = async (promise: Promise<unknown>) =>
  await promise.then(
    () => null,
    (error: unknown) =>
      error instanceof BackendError ? { code: error.code, message: error.message } : error,
  )

describe('the catalog of a remote engine', () => {
  it('has all that a server of the native API tells, and asks for details once', async () => {
    const server = await scriptedServer({
      ...NATIVE,
      '/api/tags': {
        models: [
          {
            name: 'small:latest',
            digest: 'd1',
            size: 145_000_000,
            modified_at: '2026-01-02T03:04:05Z',
            details: {
              format: 'gguf',
              family: 'llama',
              parameter_size: '134.52M',
              quantization_level: 'Q8_0',
            },
          },
          { name: 'bare' },
        ],
      },
      '/api/ps': { models: [{ name: 'small:latest' }] },
      '/api/show': ({ body, response }) => {
        const known = body?.['model'] === 'small:latest'
        const shown = {
          capabilities: ['completion', 'tools'],
          model_info: {
            'general.architecture': 'llama',
            'general.license': 'apache-2.0',
            'llama.context_length': 2048,
          },
        }
        response.writeHead(known ? 200 : 500).end(JSON.stringify(known ? shown : { error: 'no' }))
      },
    })
    const backend = backendOf(server.url, { prefix: 'quay/', key: 'secret' })
    const models = await backend.remoteModels()
    expect(models).toEqual([
      {
        id: 'quay/small:latest',
        name: 'small:latest',
        revision: 'd1',
        bytes: 145_000_000,
        format: 'gguf',
        family: 'llama',
        parameters: 134_520_000,
        parameterSize: '134.52M',
        quantization: 'Q8_0',
        license: 'apache-2.0',
        contextLength: 2048,
        capabilities: ['completion', 'tools'],
        modifiedAt: '2026-01-02T03:04:05Z',
        loaded: true,
      },
      expect.objectContaining({
        id: 'quay/bare',
        bytes: 0,
        capabilities: null,
        contextLength: null,
        loaded: false,
      }),
    ])
    expect(await backend.catalog()).toEqual([
      { id: 'quay/small:latest', revision: 'd1', bytes: 145_000_000, purposes: ['generate', 'embed'] },
      { id: 'quay/bare', revision: 'unknown', bytes: 0, purposes: ['generate', 'embed'] },
    ])
    expect(await backend.profile('quay/small:latest')).toEqual({
      kind: 'foreign',
      trainedContext: 2048,
      maxSlots: 2,
    })
    const ofSmall = server.of('/api/show').filter(({ body }) => JSON.stringify(body).includes('small'))
    expect(ofSmall).toHaveLength(1)
    expect(server.asked.every(({ key }) => key === 'Bearer secret')).toBe(true)
  })

  it('has the names that a server of the OpenAI API tells', async () => {
    const server = await scriptedServer({
      '/v1/models': {
        data: [
          { id: 'gpt', created: 1 },
          { id: 'v', max_model_len: 8192 },
        ],
      },
    })
    const backend = backendOf(`${server.url}/v1/`, { kind: 'openai' })
    const [gpt, v] = await backend.remoteModels()
    expect(gpt).toMatchObject({ id: 'gpt', revision: 'unknown', contextLength: null, loaded: null })
    expect(v?.contextLength).toBe(8192)
  })

  it('takes a model that only embeds for what it is', async () => {
    const server = await scriptedServer({ ...NATIVE, '/api/show': { capabilities: ['embedding'] } })
    expect((await backendOf(server.url).catalog())[0]?.purposes).toEqual(['embed'])
  })

  it.each([
    ['a page', 200, '<!doctype html><title>Router</title>', 'engine', 'expected JSON, got "<!doctype html>'],
    ['nothing', 200, '', 'engine', 'expected JSON, got nothing'],
    ['another shape', 200, '{"models": [{"id": 1}]}', 'engine', '/api/tags: expected {"models"'],
    ['no such path', 404, 'not found', 'engine', 'quay answered 404: not found'],
    ['no key', 401, '{"error": "who are you"}', 'denied', 'quay answered 401: who are you'],
    ['a broken server', 500, '{"error": {"message": "oops"}}', 'engine', 'quay answered 500: oops'],
  ])('says what is wrong with %s', async (_what, status, body, code, message) => {
    const server = await scriptedServer({ ...NATIVE, '/api/tags': refuse(status, body) })
    expect(await failure(backendOf(server.url).catalog())).toEqual({
      code,
      message: expect.stringContaining(message),
    })
  })

  it.each(['quay:11434', 'ftp://quay', 'http://', 'http://quay/?a=1'])(
    'refuses the address %s',
    (address) => {
      expect(() => backendOf(address)).toThrow(`got ${address}`)
    },
  )
})

describe('the health of a remote engine', () => {
  it('begins as connecting, is unreachable while nobody listens, and comes back by itself', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer(OPENAI)
    const backend = backendOf(server.url, { kind: 'openai', clock })
    const states: RemoteState['state'][] = []
    backend.onState(({ state }) => states.push(state))
    expect(backend.state.state).toBe('connecting')
    await backend.catalog()
    await server.stop()
    expect(await failure(backend.catalog())).toMatchObject({ code: 'lost' })
    expect(backend.state).toEqual({
      state: 'unreachable',
      why: expect.stringMatching(/^quay cannot be reached at http:.* ECONNREFUSED/),
    })
    await server.start()
    // The first try is after a second.
    await clock.advance(1_000)
    await eventually(() => backend.state).toEqual({ state: 'connected', why: null })
    expect(states).toEqual(['connected', 'unreachable', 'connected'])
    expect(clock.pending).toBe(0)
  })

  it('is tried less and less often, at least every half a minute', async () => {
    const clock = new ManualClock()
    let tries = 0
    // Fails at once: what else takes time here is the clock's alone.
    const fetch = (): Promise<never> => {
      tries += 1
      return Promise.reject(new TypeError('no'))
    }
    const backend = backendOf('http://quay', { kind: 'openai', clock, fetch })
    await failure(backend.catalog())
    for (const [before, wait] of [1, 2, 4, 8, 16, 30, 30].entries()) {
      await clock.advance(wait * 1_000 - 1)
      expect(tries).toBe(before + 1)
      await clock.advance(1)
      expect(tries).toBe(before + 2)
    }
    backend[Symbol.dispose]()
    expect(clock.pending).toBe(0)
  })

  it('is denied without a key that is allowed, and well with it', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer({ '/v1/models': inTurn(refuse(401, ''), OPENAI['/v1/models'] ?? {}) })
    const backend = backendOf(server.url, { kind: 'openai', clock })
    await failure(backend.catalog())
    expect(backend.state).toEqual({ state: 'denied', why: 'quay answered 401' })
    await clock.advance(1_000)
    await eventually(() => backend.state.state).toBe('connected')
  })

  it('does not call a busy server unreachable', async () => {
    const busy = refuse(429, 'slow down', { 'Retry-After': '7' })
    const server = await scriptedServer({ '/v1/models': inTurn(OPENAI['/v1/models'] ?? {}, busy) })
    const backend = backendOf(server.url, { kind: 'openai' })
    await backend.catalog()
    await expect(backend.catalog()).rejects.toMatchObject({ code: 'busy', retryAfterMs: 7_000 })
    expect(backend.state.state).toBe('connected')
  })

  it('gives up a server that says nothing, and lists quickly that there is nothing while it is known to be so', async () => {
    const clock = new ManualClock()
    const server = await scriptedServer({ '/v1/models': silence })
    const backend = backendOf(server.url, { kind: 'openai', clock })
    const first = failure(backend.catalog())
    await eventually(() => server.asked.length).toBe(1)
    await clock.advance(10_000)
    expect(await first).toEqual({
      code: 'lost',
      message: expect.stringMatching(/^quay at http:.* did not answer within 10 s$/),
    })
    await eventually(() => server.asked[0]?.gone).toBe(true)
    const second = failure(backend.remoteModels())
    await eventually(() => server.asked.length).toBe(2)
    await clock.advance(1_000)
    expect(await second).toMatchObject({ code: 'lost' })
    // What needs the model waits for it as long as ever, and has what the question before it brings.
    const third = backend.catalog()
    const { response } = server.asked[1] ?? {}
    response?.end(JSON.stringify(OPENAI['/v1/models']))
    expect(await third).toMatchObject([{ id: 'small' }])
  })

  it('lets idle runners end when the server is gone', async () => {
    const server = await scriptedServer(NATIVE)
    const backend = backendOf(server.url)
    const runner = await runnerOf(backend)
    await server.stop()
    await failure(backend.catalog())
    expect(await runner.ended).toEqual({ asked: false, reason: expect.stringContaining('cannot be reached') })
  })
})
