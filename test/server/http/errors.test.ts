import { BackendError } from '@berth/scheduler'
import { plainProfile, STUCK } from '@berth/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { failureOf } from '../../../apps/server/src/generate/index.js'
import { eventually } from '../../eventually.js'
import { harness, json, ndjson, sse, type ErrorBody } from './harness.js'

const chat = { model: 'parrot', messages: [{ role: 'user', content: 'Hello' }] }
const slow = { 'parrot:latest': { tokenMs: 1, tokens: 1_000_000 } }

describe('an error before the first byte', () => {
  it('has a status, and the shape of its API family', async () => {
    const { post } = harness()
    const ollama = await post('/api/chat', { ...chat, model: 'dodo' })
    expect(ollama.status).toBe(404)
    expect(await ollama.json()).toEqual({ error: "model 'dodo' not found" })
    const openAi = await post('/v1/chat/completions', { ...chat, model: 'dodo' })
    expect(openAi.status).toBe(404)
    expect(await openAi.json()).toEqual({
      error: {
        message: "model 'dodo' not found",
        type: 'not_found_error',
        param: 'model',
        code: 'unknown_model',
      },
    })
  })

  it.each([
    ['', 'missing request body'],
    ['{"model": ', 'the request body is not JSON: Unexpected end of JSON input'],
    [
      '{"model":"parrot","prompt":7,"stream":"yes"}',
      'prompt: expected a string, got 7; stream: expected true or false, got "yes"',
    ],
  ])('is a 400 that says what is wrong with the body %s', async (body, error) => {
    const { post } = harness()
    const response = await post('/api/generate', body)
    expect(response.status).toBe(400)
    const told = await json<ErrorBody>(response)
    expect(told.error.split('; ').toSorted()).toEqual(error.split('; ').toSorted())
  })

  it.each([
    ['/api/show', {}, 'model is required: expected the name of a model'],
    ['/api/show', { name: '' }, 'model is required: expected the name of a model'],
    ['/api/show', { model: '' }, 'model is required: expected the name of a model'],
    ['/api/berth/unload', { model: '' }, 'model is required: expected the name of a model'],
    ['/api/chat', { messages: [] }, 'model is required: expected the name of a model'],
  ])('is a 400 that names the model as what is not right: %s %j', async (path, body, error) => {
    const { post } = harness()
    const response = await post(path, body)
    expect([response.status, await response.json()]).toEqual([400, { error }])
  })

  it('is a 400 for a suffix and a model that cannot insert', async () => {
    const { post } = harness()
    const error = '"parrot:latest" does not support insert (it can: completion)'
    const body = { model: 'parrot', prompt: 'Once', suffix: 'the end' }
    const ollama = await post('/api/generate', body)
    expect([ollama.status, await ollama.json()]).toEqual([400, { error }])
    const openAi = await post('/v1/completions', body)
    expect([openAi.status, await openAi.json()]).toMatchObject([
      400,
      { error: { message: error, param: 'suffix' } },
    ])
    expect((await post('/v1/completions', { ...body, suffix: '' })).status).toBe(200)
  })

  it('is a 400 in Ollama’s words when the prompt is too long', () => {
    const error = new BackendError(
      'context-overflow',
      'The prompt has 9 tokens, but the context has room for 7',
    )
    expect(failureOf(error)).toMatchObject({
      status: 400,
      message: `the input length exceeds the context length: ${error.message}`,
    })
  })

  it('is a 503 in Ollama’s words when the queue is full', async () => {
    const { post, scheduler } = harness({ models: slow, settings: { maxQueue: 1 } })
    const running = await post('/api/chat', chat)
    const waiting = post('/api/chat', chat)
    await eventually(() => scheduler.snapshot().queue.length).toBe(1)
    const response = await post('/api/chat', chat)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toEqual({
      error: expect.stringMatching(
        /^server busy, please try again. {2}maximum pending requests exceeded: the queue is full: 1 requests wait, and maxQueue is 1; /,
      ),
    })
    await running.body?.cancel()
    await (await waiting).body?.cancel()
  })

  it('is a 507 with the figures when the model can never fit', async () => {
    const { post } = harness({ models: { 'parrot:latest': { profile: plainProfile({ weights: 1e12 }) } } })
    const response = await post('/api/chat', chat)
    expect(response.status).toBe(507)
    expect((await json<ErrorBody>(response)).error).toMatch(/parrot:latest/)
  })

  it('is a 500 with the reason when the model cannot be loaded', async () => {
    const failure = new BackendError('bad-model', 'parrot.gguf: not a GGUF file')
    const { post } = harness({
      models: { 'parrot:latest': { loadFailures: [failure, failure, failure] } },
    })
    const response = await post('/api/chat', chat)
    expect(response.status).toBe(500)
    expect((await json<ErrorBody>(response)).error).toContain('parrot.gguf: not a GGUF file')
  })

  it('is a 503 when the request waited too long', async () => {
    const { post } = harness({
      models: { 'parrot:latest': { loadFailures: ['stall'] } },
      settings: { maxWaitMs: 20 },
    })
    const response = await post('/v1/chat/completions', chat)
    expect(response.status).toBe(503)
    expect((await json<ErrorBody>(response)).error).toMatchObject({ type: 'api_error', code: 'deadline' })
  })
})

describe('an error in mid-stream', () => {
  it('is a last line in Ollama’s API', async () => {
    const { post, backend } = harness({ models: slow })
    const response = await post('/api/chat', chat)
    expect(response.status).toBe(200)
    backend.crash('parrot:latest')
    const lines = await ndjson(response)
    expect(lines.at(0)).toMatchObject({ done: false })
    expect(lines.at(-1)).toEqual({ error: expect.stringContaining('exit code 139') })
  })

  it('is an event in OpenAI’s API', async () => {
    const { post, backend } = harness({ models: slow })
    const response = await post('/v1/chat/completions', { ...chat, stream: true })
    backend.crash('parrot:latest')
    const events = await sse(response)
    expect(events.at(-1)).toMatchObject({ error: { type: 'api_error', code: 'runner_lost' } })
  })

  it('does not keep the next request from being served', async () => {
    const models = { 'parrot:latest': { tokenMs: 1, tokens: 20 } }
    const { post, backend } = harness({ models })
    const broken = await post('/api/chat', chat)
    backend.crash('parrot:latest')
    await broken.text()
    const lines = await ndjson(await post('/api/chat', chat))
    expect(lines.at(-1)).toMatchObject({ done: true, eval_count: 20 })
  })
})

describe('a request that is stuck', () => {
  it('ends with an error once its runner was killed for it', async () => {
    const { post } = harness({ settings: { runStallMs: 20 } })
    const response = await post('/api/generate', { model: 'parrot', prompt: STUCK, stream: false })
    expect(response.status).toBe(500)
    expect((await json<ErrorBody>(response)).error).toMatch(/no progress/)
  })
})

describe('paths', () => {
  it('that are none get a 404 in the family’s shape', async () => {
    const { app } = harness()
    const ollama = await app.request('/api/nothing')
    expect([ollama.status, await ollama.json()]).toEqual([404, { error: '/api/nothing: no such path' }])
    const openAi = await app.request('/v1/nothing')
    expect((await json<ErrorBody>(openAi)).error).toMatchObject({
      type: 'not_found_error',
      code: 'unknown_route',
    })
  })

  it('asked with the wrong method get a 405 that names the right one', async () => {
    const { app } = harness()
    const response = await app.request('/api/chat')
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    expect(await response.json()).toEqual({ error: '/api/chat takes POST, not GET' })
  })
})
