import type { OllamaEmbedResponse, OllamaPsResponse } from '@berth/protocol'
import { describe, expect, it } from 'vitest'
import { harness, json, ndjson } from './harness.js'

const norm = (vector: readonly number[]) => vector.map((x) => x / Math.hypot(...vector))

const NANOSECONDS = expect.toSatisfy((value: unknown) => Number.isInteger(value) && Number(value) > 0)

describe('/api/generate', () => {
  it('streams a line for each piece, and a last one with the figures', async () => {
    const { post } = harness()
    const response = await post('/api/generate', { model: 'parrot', prompt: 'Hello' })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = await ndjson(response)
    const head = { model: 'parrot', created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) }
    expect(lines).toEqual([
      { ...head, response: 'parrot:latest-1 ', done: false },
      { ...head, response: 'parrot:latest-2 ', done: false },
      { ...head, response: 'parrot:latest-3 ', done: false },
      {
        ...head,
        response: '',
        done: true,
        done_reason: 'stop',
        total_duration: NANOSECONDS,
        load_duration: NANOSECONDS,
        prompt_eval_count: 1,
        eval_count: 3,
        eval_duration: NANOSECONDS,
      },
    ])
  })

  it('answers in one where it is not to stream', async () => {
    const { post } = harness()
    const response = await post('/api/generate', { model: 'parrot', prompt: 'Hello', stream: false })
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.json()).toMatchObject({
      model: 'parrot',
      response: 'parrot:latest-1 parrot:latest-2 parrot:latest-3 ',
      done: true,
      done_reason: 'stop',
      eval_count: 3,
    })
  })

  it('says when the limit of tokens ended the answer', async () => {
    const { post } = harness()
    const body = { model: 'parrot', prompt: 'Hello', stream: false, options: { num_predict: 2 } }
    expect(await (await post('/api/generate', body)).json()).toMatchObject({
      done_reason: 'length',
      eval_count: 2,
    })
  })

  it('loads the model and no more where the prompt is empty', async () => {
    const { post, backend } = harness()
    const answer = await (await post('/api/generate', { model: 'parrot' })).json()
    expect(answer).toMatchObject({ model: 'parrot', response: '', done: true, done_reason: 'load' })
    expect(backend.calls).toEqual(['load parrot:latest', 'loaded parrot:latest'])
  })

  it('unloads it where the prompt is empty and keep_alive is 0, and answers when it is gone', async () => {
    const { post, backend } = harness()
    await post('/api/generate', { model: 'parrot' })
    const answer = await (await post('/api/generate', { model: 'parrot', keep_alive: 0 })).json()
    expect(answer).toMatchObject({ response: '', done: true, done_reason: 'unload' })
    expect(backend.calls.at(-1)).toBe('gone parrot:latest')
  })

  it('leaves a pinned model where it is, pin and all, and says that it is loaded', async () => {
    const { post, scheduler } = harness()
    scheduler.pin('parrot:latest', true)
    await post('/api/generate', { model: 'parrot' })
    const answer = await (await post('/api/generate', { model: 'parrot', keep_alive: 0 })).json()
    expect(answer).toMatchObject({ response: '', done: true, done_reason: 'load' })
    expect(scheduler.snapshot().runners).toMatchObject([{ pinned: true, state: 'ready' }])
  })

  it('hands a raw prompt on as it is, and wraps any other in messages', async () => {
    const { post, requests } = harness({
      models: { 'parrot:latest': { stored: { system: 'Be a parrot.' } } },
    })
    await post('/api/generate', { model: 'parrot', prompt: 'Hello', raw: true, stream: false })
    await post('/api/generate', { model: 'parrot', prompt: 'Hello', stream: false })
    await post('/api/generate', { model: 'parrot', prompt: 'Hello', system: 'Be a crow.', stream: false })
    expect(requests.map(({ job }) => job?.kind === 'generate' && job.prompt)).toEqual([
      { kind: 'raw', text: 'Hello' },
      {
        kind: 'messages',
        messages: [
          { role: 'system', content: 'Be a parrot.' },
          { role: 'user', content: 'Hello' },
        ],
      },
      {
        kind: 'messages',
        messages: [
          { role: 'system', content: 'Be a crow.' },
          { role: 'user', content: 'Hello' },
        ],
      },
    ])
  })
})

describe('the context of an earlier answer', () => {
  it('goes before the prompt, and is asked for but of raw prompts, which have none', async () => {
    const { post, requests } = harness({
      models: { 'parrot:latest': { stored: { messages: [{ role: 'user', content: 'Who?' }] } } },
    })
    await post('/api/generate', { model: 'parrot', prompt: 'Hello', context: [1, 2, 3], stream: false })
    await post('/api/generate', { model: 'parrot', prompt: 'Hello', raw: true, stream: false })
    expect(requests.map(({ job }) => job)).toMatchObject([
      { prompt: { after: [1, 2, 3], messages: [{ role: 'user', content: 'Hello' }] }, returnTokens: true },
      { prompt: { kind: 'raw', text: 'Hello' } },
    ])
    expect(requests[1]?.job).not.toHaveProperty('returnTokens')
  })
})

describe('/api/chat', () => {
  const messages = [{ role: 'user', content: 'Hello' }]

  it('streams messages', async () => {
    const { post } = harness()
    const lines = await ndjson(await post('/api/chat', { model: 'parrot', messages }))
    expect(lines.map(({ message }) => message)).toEqual([
      { role: 'assistant', content: 'parrot:latest-1 ' },
      { role: 'assistant', content: 'parrot:latest-2 ' },
      { role: 'assistant', content: 'parrot:latest-3 ' },
      { role: 'assistant', content: '' },
    ])
    expect(lines.map(({ done }) => done)).toEqual([false, false, false, true])
  })

  it('loads the model where there are no messages', async () => {
    const { post } = harness()
    expect(await (await post('/api/chat', { model: 'parrot', messages: [] })).json()).toMatchObject({
      message: { role: 'assistant', content: '' },
      done_reason: 'load',
    })
  })

  it('puts the model’s own messages first, and its system text where the conversation has none', async () => {
    const stored = { system: 'Be a parrot.', messages: [{ role: 'user', content: 'Who?' }] }
    const { post, requests } = harness({ models: { 'parrot:latest': { stored } } })
    await post('/api/chat', { model: 'parrot', messages, stream: false })
    const own = [{ role: 'system', content: 'Be a crow.' }, ...messages]
    await post('/api/chat', { model: 'parrot', messages: own, stream: false })
    const sent = requests.map(({ job }) =>
      job?.kind === 'generate' && job.prompt.kind === 'messages'
        ? job.prompt.messages.map(({ content }) => content)
        : [],
    )
    expect(sent).toEqual([
      ['Be a parrot.', 'Who?', 'Hello'],
      ['Who?', 'Be a crow.', 'Hello'],
    ])
  })

  it('merges options: the request’s over the model’s over Ollama’s defaults', async () => {
    const stored = { parameters: { temperature: 0.1, top_k: 7, stop: ['<end>'], num_ctx: 2_048 } }
    const { post, requests } = harness({ models: { 'parrot:latest': { stored } } })
    const options = { temperature: 0, seed: 42, num_predict: 5 }
    await post('/api/chat', { model: 'parrot', messages, options, keep_alive: '1m', stream: false })
    expect(requests[0]).toMatchObject({
      model: 'parrot:latest',
      purpose: 'generate',
      keepAliveMs: 60_000,
      wish: { contextLength: 2_048 },
      job: {
        maxTokens: 5,
        stop: ['<end>'],
        sampling: {
          temperature: 0,
          topK: 7,
          topP: 0.9,
          minP: 0,
          seed: 42,
          repeatPenalty: 1,
          repeatLastN: 64,
        },
        overflow: { prompt: 'truncate', answer: 'shift', keep: 4 },
      },
    })
  })

  it('leaves out what the request leaves out, so that any load serves it', async () => {
    const { post, requests } = harness()
    await post('/api/chat', { model: 'parrot', messages, stream: false })
    expect(requests[0]).not.toHaveProperty('wish')
    expect(requests[0]).not.toHaveProperty('keepAliveMs')
    expect(requests[0]?.job).not.toHaveProperty('sampling.seed')
  })

  it('has a limit for models that repeat themselves for ever: ten contexts', async () => {
    const { post, requests } = harness()
    await post('/api/chat', { model: 'parrot', messages, stream: false })
    await post('/api/chat', {
      model: 'parrot',
      messages,
      options: { num_predict: -1, num_ctx: 500 },
      stream: false,
    })
    expect(requests.map(({ job }) => job)).toMatchObject([{ maxTokens: 10_000 }, { maxTokens: 5_000 }])
  })

  it('loads with a context of 4 tokens where it asks for fewer', async () => {
    const { post, requests } = harness()
    await post('/api/chat', { model: 'parrot', messages, options: { num_ctx: 1 }, stream: false })
    expect(requests).toMatchObject([{ wish: { contextLength: 4 } }])
  })

  it('warns about an option it does not know, and goes on', async () => {
    const { post, lines } = harness()
    const response = await post('/api/chat', {
      model: 'parrot',
      messages,
      options: { tempratur: 1 },
      stream: false,
    })
    expect(response.status).toBe(200)
    expect(lines.map(({ msg }) => msg)).toContain('options.tempratur: no such option, ignored')
  })

  it('hands on tools, thinking, formats and log-probabilities', async () => {
    const { post, requests } = harness({
      models: { 'sage:latest': { capabilities: ['completion', 'tools', 'thinking'] } },
    })
    const tool = {
      type: 'function',
      function: { name: 'look', description: 'd', parameters: { type: 'object' } },
    }
    const schema = { type: 'object', properties: { city: { type: 'string' } } }
    await post('/api/chat', {
      model: 'sage',
      messages,
      tools: [tool],
      think: true,
      format: schema,
      logprobs: true,
      top_logprobs: 3,
    })
    expect(requests[0]?.job).toMatchObject({
      prompt: {
        tools: [{ name: 'look', description: 'd', parameters: { type: 'object' } }],
        templateArguments: { enable_thinking: true },
      },
      format: { kind: 'json-schema', schema },
      logprobs: { top: 3 },
    })
  })

  it.each([
    ['images', { messages: [{ role: 'user', content: 'What?', images: ['AAAA'] }] }],
    ['tools', { messages, tools: [{ type: 'function', function: { name: 'look' } }] }],
    ['thinking', { messages, think: true }],
  ])('refuses %s by name where the model has no such capability', async (what, body) => {
    const { post } = harness()
    const response = await post('/api/chat', { model: 'parrot', ...body })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: `"parrot:latest" does not support ${what} (it can: completion)`,
    })
  })

  it('does not mind think: false', async () => {
    const { post } = harness()
    expect((await post('/api/chat', { model: 'parrot', messages, think: false, stream: false })).status).toBe(
      200,
    )
  })
})

describe('/api/embed', () => {
  const models = { 'map:latest': { capabilities: ['embedding'] as const } }

  it('gives vectors of length 1, in the order of the inputs', async () => {
    const { post } = harness({ models })
    const body = { model: 'map', input: ['ab', 'c'] }
    const answer = await json<OllamaEmbedResponse>(post('/api/embed', body))
    // The fake's vectors are [length, index, 1].
    expect(answer).toMatchObject({ model: 'map', total_duration: NANOSECONDS, prompt_eval_count: 1 })
    expect(answer.embeddings[0]).toEqual(norm([2, 0, 1]).map((x) => expect.closeTo(x, 12)))
    expect(answer.embeddings[1]).toEqual(norm([1, 1, 1]).map((x) => expect.closeTo(x, 12)))
  })

  it('keeps the first dimensions where so many are wanted, and normalises those', async () => {
    const { post } = harness({ models })
    const answer = await json<OllamaEmbedResponse>(
      post('/api/embed', { model: 'map', input: 'abc', dimensions: 1 }),
    )
    expect(answer.embeddings).toEqual([[1]])
  })

  it('fails inputs that are too long only where they are not to be cut', async () => {
    const { post, requests } = harness({ models })
    await post('/api/embed', { model: 'map', input: 'a' })
    await post('/api/embed', { model: 'map', input: 'a', truncate: false })
    expect(requests.map(({ job }) => job)).toMatchObject([{ truncate: true }, { truncate: false }])
  })

  it('has an older form with one prompt and the vector as the model gives it', async () => {
    const { post } = harness({ models })
    const answer = await (await post('/api/embeddings', { model: 'map', prompt: 'ab' })).json()
    expect(answer).toEqual({ embedding: [2, 0, 1] })
  })

  it('loads the model where there is no input', async () => {
    const { post, backend } = harness({ models })
    expect(await (await post('/api/embed', { model: 'map', input: [] })).json()).toMatchObject({
      embeddings: [],
    })
    expect(backend.calls).toContain('loaded map:latest')
  })
})

describe('lists of models', () => {
  const details = {
    parent_model: '',
    format: 'gguf',
    family: 'bird',
    families: ['bird'],
    parameter_size: '1K',
    quantization_level: 'F16',
    context_length: 512,
    embedding_length: 64,
  }

  it('/api/tags has all that are there', async () => {
    const { app } = harness()
    expect(await (await app.request('/api/tags')).json()).toEqual({
      models: [
        {
          name: 'parrot:latest',
          model: 'parrot:latest',
          modified_at: '2026-01-02T03:04:05.000Z',
          size: 1_234,
          digest: 'd'.repeat(64),
          details,
          capabilities: ['completion'],
        },
      ],
    })
  })

  it('/api/ps has those in memory, the last to leave first', async () => {
    const { app, post } = harness({ models: { 'a:latest': {}, 'b:latest': {}, 'c:latest': {} } })
    expect(await (await app.request('/api/ps')).json()).toEqual({ models: [] })
    await post('/api/generate', { model: 'a', keep_alive: '1m' })
    await post('/api/generate', { model: 'b', keep_alive: -1 })
    await post('/api/generate', { model: 'c', keep_alive: '2m' })
    const { models } = await json<OllamaPsResponse>(app.request('/api/ps'))
    expect(models.map(({ name }) => name)).toEqual(['b:latest', 'c:latest', 'a:latest'])
    expect(models[2]).toEqual({
      name: 'a:latest',
      model: 'a:latest',
      size: expect.any(Number),
      digest: '1',
      details,
      expires_at: expect.any(String),
      size_vram: 0,
      context_length: 4_096,
    })
    const left = new Date(models[2]?.expires_at ?? 0).getTime() - Date.now()
    expect(left).toBeGreaterThan(30_000)
    expect(left).toBeLessThanOrEqual(60_000)
  })

  it('/api/show tells everything of one, by either name of the field', async () => {
    const { post } = harness()
    const shown = await (await post('/api/show', { model: 'parrot' })).json()
    expect(shown).toEqual({
      license: 'Apache-2.0',
      modelfile: 'FROM /models/parrot.gguf\n',
      parameters: 'temperature 0.2',
      template: '{{ messages }}',
      details,
      model_info: { 'general.architecture': 'bird', 'tokenizer.ggml.tokens': null },
      capabilities: ['completion'],
      modified_at: '2026-01-02T03:04:05.000Z',
      tensors: [{ name: 'beak', shape: [2, 2], type: 'F16' }],
    })
    // Clients written in Go send both names of the field.
    const older = await post('/api/show', { model: '', name: 'parrot', system: '', options: null })
    expect(await older.json()).toEqual(shown)
  })
})

describe('text that leads to a suffix', () => {
  const body = { model: 'parrot', prompt: 'Once', suffix: 'the end' }

  it('is written by the tokens that the model has for it', async () => {
    const { post, requests } = harness({
      models: { 'parrot:latest': { capabilities: ['completion', 'insert'] } },
    })
    expect((await post('/api/generate', body)).status).toBe(200)
    expect(requests[0]?.job).toMatchObject({ prompt: { kind: 'raw', text: 'Once', suffix: 'the end' } })
  })

  it('is written as the template has it', async () => {
    const template =
      '{{ if .Suffix }}<pre>{{ .Prompt }}<suf>{{ .Suffix }}<mid>{{ else }}{{ .Prompt }}{{ end }}'
    const { post, requests } = harness({
      models: { 'parrot:latest': { capabilities: ['completion', 'insert'], stored: { template } } },
    })
    expect((await post('/v1/completions', body)).status).toBe(200)
    expect(requests[0]?.job).toMatchObject({ prompt: { kind: 'raw', text: '<pre>Once<suf>the end<mid>' } })
  })
})
