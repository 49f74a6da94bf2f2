import type { OpenAiChatCompletion } from '@berth/protocol'
import { describe, expect, it } from 'vitest'
import { harness, json, sse } from './harness.js'

const messages = [{ role: 'user', content: 'Hello' }]

describe('/v1/chat/completions', () => {
  it('answers in one unless it is asked to stream', async () => {
    const { post } = harness()
    const response = await post('/v1/chat/completions', { model: 'parrot', messages })
    expect(await response.json()).toEqual({
      id: `chatcmpl-${response.headers.get('x-request-id')}`,
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'parrot',
      system_fingerprint: 'fp_berth',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'parrot:latest-1 parrot:latest-2 parrot:latest-3 ',
            refusal: null,
          },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 1,
        completion_tokens: 3,
        total_tokens: 4,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    })
  })

  it('streams chunks, and [DONE] at the end', async () => {
    const { post } = harness()
    const response = await post('/v1/chat/completions', { model: 'parrot', messages, stream: true })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const events = await sse(response)
    expect(events.at(-1)).toBe('[DONE]')
    const chunks = events.slice(0, -1)
    expect(chunks.map((chunk) => typeof chunk === 'object' && chunk['choices'])).toEqual([
      [{ index: 0, delta: { role: 'assistant', content: 'parrot:latest-1 ' }, finish_reason: null }],
      [{ index: 0, delta: { role: 'assistant', content: 'parrot:latest-2 ' }, finish_reason: null }],
      [{ index: 0, delta: { role: 'assistant', content: 'parrot:latest-3 ' }, finish_reason: null }],
      [{ index: 0, delta: { role: 'assistant' }, finish_reason: 'stop' }],
    ])
  })

  it('counts tokens in a last chunk of its own where that is wanted', async () => {
    const { post } = harness()
    const body = { model: 'parrot', messages, stream: true, stream_options: { include_usage: true } }
    const events = await sse(await post('/v1/chat/completions', body))
    expect(events.at(-2)).toMatchObject({ choices: [], usage: { total_tokens: 4 } })
    expect(events.at(0)).toMatchObject({ usage: null })
  })

  it('stops at the limit of tokens, by either name', async () => {
    const { post } = harness()
    for (const limit of ['max_tokens', 'max_completion_tokens']) {
      const body = { model: 'parrot', messages, [limit]: 2 }
      const answer = await json<OpenAiChatCompletion>(post('/v1/chat/completions', body))
      expect(answer.choices[0]?.finish_reason).toBe('length')
    }
  })

  it('has OpenAI’s defaults below the model’s parameters, and takes keep_alive', async () => {
    const { post, requests } = harness({
      models: { 'parrot:latest': { stored: { parameters: { top_p: 0.3 } } } },
    })
    await post('/v1/chat/completions', { model: 'parrot', messages, keep_alive: '1m' })
    expect(requests[0]).toMatchObject({
      keepAliveMs: 60_000,
      job: { sampling: { temperature: 1, topP: 0.3 } },
    })
  })

  it('understands roles, parts and tool calls', async () => {
    const { post, requests } = harness({
      models: { 'sage:latest': { capabilities: ['completion', 'tools'] } },
    })
    await post('/v1/chat/completions', {
      model: 'sage',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'How is' },
            { type: 'text', text: 'the weather?' },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"sky"}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'blue' },
      ],
      tools: [
        { type: 'function', function: { name: 'look', parameters: { type: 'object' } } },
        { type: 'function', function: { name: 'hear' } },
      ],
      tool_choice: { type: 'function', function: { name: 'look' } },
      response_format: { type: 'json_object' },
    })
    expect(requests[0]?.job).toMatchObject({
      prompt: {
        kind: 'messages',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'How is\nthe weather?' },
          {
            role: 'assistant',
            content: '',
            toolCalls: [{ id: 'c1', name: 'look', arguments: { at: 'sky' } }],
          },
          { role: 'tool', content: 'blue', toolCallId: 'c1' },
        ],
        tools: [{ name: 'look', parameters: { type: 'object' } }, { name: 'hear' }],
        toolChoice: { name: 'look' },
      },
      format: { kind: 'json' },
    })
  })

  it.each<[string, object, string, string]>([
    [
      'a wrong type',
      { temperature: 'hot' },
      'temperature',
      'temperature: expected a number from 0 to 100, got "hot"',
    ],
    [
      'images that would have to be fetched',
      {
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a/b.png' } }] }],
      },
      'messages[0].content[0].image_url',
      'messages[0].content[0].image_url: expected a data: URL; images are not fetched from elsewhere',
    ],
    [
      'arguments that are no JSON',
      { messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'a', arguments: '{' } }] }] },
      'messages[0].tool_calls[0].function.arguments',
      'messages[0].tool_calls[0].function.arguments: expected a JSON object as a string, got "{"',
    ],
    [
      'images where the model sees none',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
          },
        ],
      },
      'images',
      '"parrot:latest" does not support images (it can: completion)',
    ],
  ])('refuses %s, naming the field', async (_, body, param, message) => {
    const { post } = harness()
    const response = await post('/v1/chat/completions', { model: 'parrot', messages, ...body })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      error: { message, type: 'invalid_request_error', param, code: 'bad_request' },
    })
  })
})

describe('/v1/completions', () => {
  it('answers in one or streams', async () => {
    const { post } = harness()
    const whole = await (await post('/v1/completions', { model: 'parrot', prompt: 'Hello' })).json()
    expect(whole).toMatchObject({
      object: 'text_completion',
      choices: [
        { index: 0, text: 'parrot:latest-1 parrot:latest-2 parrot:latest-3 ', finish_reason: 'stop' },
      ],
      usage: { total_tokens: 4 },
    })
    const events = await sse(
      await post('/v1/completions', { model: 'parrot', prompt: 'Hello', stream: true }),
    )
    const texts = events.map((event) => (typeof event === 'object' ? event['choices'] : event))
    expect(texts).toMatchObject([
      [{ text: 'parrot:latest-1 ', finish_reason: null }],
      [{ text: 'parrot:latest-2 ', finish_reason: null }],
      [{ text: 'parrot:latest-3 ', finish_reason: null }],
      [{ text: '', finish_reason: 'stop' }],
      '[DONE]',
    ])
  })
})

interface Vectors<Vector> {
  readonly data: readonly { readonly embedding: Vector }[]
}

describe('/v1/embeddings', () => {
  const models = { 'map:latest': { capabilities: ['embedding'] as const } }

  it('gives floats, or base64 of them where that is wanted', async () => {
    const { post } = harness({ models })
    const floats = await json<Vectors<number[]>>(post('/v1/embeddings', { model: 'map', input: 'ab' }))
    expect(floats).toMatchObject({
      object: 'list',
      data: [{ object: 'embedding', index: 0 }],
      model: 'map',
      usage: { prompt_tokens: 1, total_tokens: 1 },
    })
    const body = { model: 'map', input: 'ab', encoding_format: 'base64' }
    const encoded = await json<Vectors<string>>(post('/v1/embeddings', body))
    const bytes = Buffer.from(encoded.data[0]?.embedding ?? '', 'base64')
    const decoded = [0, 1, 2].map((index) => bytes.readFloatLE(index * 4))
    expect(decoded).toEqual(floats.data[0]?.embedding.map((value) => expect.closeTo(value, 6)))
    expect(Math.hypot(...decoded)).toBeCloseTo(1, 6)
  })

  it('refuses to embed nothing', async () => {
    const { post } = harness({ models })
    expect((await post('/v1/embeddings', { model: 'map', input: [] })).status).toBe(400)
  })
})

describe('/v1/models', () => {
  const models = { 'parrot:latest': {}, 'hub.example/crow/raven:q4': {} }

  it('lists models, with the namespace as their owner', async () => {
    const { app } = harness({ models })
    expect(await (await app.request('/v1/models')).json()).toEqual({
      object: 'list',
      data: [
        { id: 'parrot:latest', object: 'model', created: 1_767_323_045, owned_by: 'library' },
        { id: 'hub.example/crow/raven:q4', object: 'model', created: 1_767_323_045, owned_by: 'crow' },
      ],
    })
  })

  it('tells of one by its name, slashes and all', async () => {
    const { app } = harness({ models })
    expect(await (await app.request('/v1/models/hub.example/crow/raven:q4')).json()).toMatchObject({
      owned_by: 'crow',
    })
    expect(await (await app.request('/v1/models/parrot')).json()).toMatchObject({ id: 'parrot:latest' })
    expect((await app.request('/v1/models/dodo')).status).toBe(404)
  })
})
