import { describe, expect, it } from 'vitest'
import { harness, json, ndjson, type ErrorBody } from './harness.js'

const chat = { model: 'parrot', messages: [{ role: 'user', content: 'Hello' }] }
const prompt = { model: 'parrot', prompt: 'Hello' }
const thinker = { 'owl:latest': { capabilities: ['completion', 'thinking'] as const } }

describe('as in Ollama,', () => {
  it.each([
    ['/api/generate', {}, 404, "model '' not found"],
    ['/api/generate', { model: '' }, 404, "model '' not found"],
    ['/api/embed', null, 404, "model '' not found"],
    ['/api/chat', { model: '' }, 400, 'model is required'],
    ['/api/embeddings', {}, 400, 'model is required'],
    ['/api/generate', { model: 'no name!' }, 400, 'invalid model name'],
    ['/api/chat', { model: 'a/b/c/d/e' }, 400, 'invalid model name'],
    ['/api/show', { name: 'no name!' }, 400, 'invalid model name'],
    ['/api/pull', { model: 'no name!' }, 400, 'invalid model name'],
    ['/api/create', { model: 'no name!', from: 'parrot' }, 400, 'invalid model name'],
    ['/api/push', {}, 400, 'model is required'],
    ['/api/generate', { ...prompt, raw: true, template: 'x' }, 400, 'raw mode does not support template'],
    ['/api/generate', { ...prompt, raw: true, context: [1] }, 400, 'raw mode does not support template'],
    ['/api/generate', { ...prompt, think: true }, 400, 'does not support thinking'],
    ['/api/generate', { model: 'parrot', think: 'high' }, 400, 'does not support thinking'],
    ['/api/chat', { model: 'parrot', think: true }, 400, 'does not support thinking'],
    ['/api/embed', { model: 'parrot', input: { a: 1 } }, 400, 'expected a string or a list'],
    ['/api/create', { model: 'm', from: 'parrot', template: '{{ .Prompt' }, 400, 'template error'],
    ['/api/create', { model: 'm', files: { '/abs': 'x' } }, 400, 'file path must be relative'],
    ['/api/create', { model: 'm', files: { 'a.gguf': '' } }, 400, 'invalid digest format'],
    ['/api/create', { model: 'm', from: 'parrot', renderer: 'qwen3' }, 501, 'renderer: '],
  ])('%s %j is a %i: %s', async (path, body, status, error) => {
    const { post } = harness()
    const response = await post(path, body)
    expect([response.status, (await json<ErrorBody>(response)).error]).toEqual([
      status,
      expect.stringContaining(error),
    ])
  })

  it('a path with a slash too many is sent to the one without, with its method where there is a body', async () => {
    const { app, post } = harness()
    const get = await app.request('/api/tags/')
    expect([get.status, get.headers.get('location')]).toEqual([301, '/api/tags'])
    const posted = await post('/api/chat/', chat)
    expect([posted.status, posted.headers.get('location')]).toEqual([307, '/api/chat'])
    expect((await app.request('/no/such/')).status).toBe(404)
  })

  it('options are read as numbers that engines can have', async () => {
    const { post, requests } = harness()
    const options = { seed: 2 ** 62 + 2 ** 20, num_predict: 7.9, top_k: -1, num_ctx: 0 }
    const response = await post('/api/generate', { ...prompt, stream: false, options })
    expect(response.status).toBe(200)
    const [request] = requests
    expect(request?.job).toMatchObject({ maxTokens: 7, sampling: { topK: 0 } })
    const { seed } = request?.job?.kind === 'generate' ? request.job.sampling : {}
    expect(seed).toBe(options.seed % 2 ** 32)
    expect(request).not.toHaveProperty('wish')
  })

  it('roles may be spelt in capitals', async () => {
    const { post, requests } = harness()
    await post('/api/chat', { model: 'parrot', messages: [{ role: 'User', content: 'Hello' }] })
    expect(requests[0]?.job).toMatchObject({ prompt: { messages: [{ role: 'user' }] } })
  })

  it('one empty text is nothing to embed, and among others it is one of them', async () => {
    const { post, requests } = harness()
    expect(await (await post('/api/embed', { model: 'parrot', input: '' })).json()).toMatchObject({
      embeddings: [],
    })
    expect(requests[0]).not.toHaveProperty('job')
    await post('/api/embed', { model: 'parrot', input: ['', 'x'] })
    expect(requests[1]?.job).toMatchObject({ inputs: ['', 'x'] })
  })

  it('every answer says how long it waited', async () => {
    const { post } = harness()
    for (const path of ['/api/generate', '/api/generate']) {
      const lines = await ndjson(await post(path, prompt))
      expect(lines.at(-1)?.['load_duration']).toBeGreaterThan(0)
    }
  })

  it('the version is that of Ollama’s API, with Berth’s own beside it', async () => {
    const { app } = harness()
    expect(await json(app.request('/api/version'))).toEqual({
      version: expect.stringMatching(/^0\.\d+\.\d+$/),
      berth: '9.9.9',
    })
    expect(await json(app.request('/api/status'))).toEqual({ cloud: { disabled: true, source: 'none' } })
  })
})

describe('thinking', () => {
  it('is what a model does that can, unless it is told otherwise', async () => {
    const { post, requests } = harness({ models: thinker })
    await post('/api/chat', { ...chat, model: 'owl' })
    await post('/v1/chat/completions', { ...chat, model: 'owl', reasoning_effort: 'none' })
    expect(requests.map(({ job }) => job)).toMatchObject([
      { prompt: { templateArguments: { enable_thinking: true } } },
      { prompt: { templateArguments: { enable_thinking: false } } },
    ])
  })

  it('is dropped where Anthropic’s clients ask for it of a model that cannot', async () => {
    const { post, requests } = harness()
    const response = await post('/v1/messages', {
      ...chat,
      max_tokens: 5,
      thinking: { type: 'enabled', budget_tokens: 1024 },
    })
    expect(response.status).toBe(200)
    expect(requests[0]?.job).not.toHaveProperty('prompt.templateArguments')
  })
})
