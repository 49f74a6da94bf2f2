import type { AnthropicMessageResponse, AnthropicStreamEvent } from '@berth/protocol'
import type { Piece } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { AnthropicEncoder } from '../../../apps/server/src/routes/anthropic-answers.js'
import { harness, json } from './harness.js'

const messages = [{ role: 'user', content: 'Hello' }]
const body = { model: 'parrot', max_tokens: 100, messages }

describe('/v1/messages', () => {
  it('answers in one unless it is asked to stream', async () => {
    const { post } = harness()
    const response = await post('/v1/messages', body)
    expect(await response.json()).toEqual({
      id: `msg_${response.headers.get('x-request-id')}`,
      type: 'message',
      role: 'assistant',
      model: 'parrot',
      content: [{ type: 'text', text: 'parrot:latest-1 parrot:latest-2 parrot:latest-3 ' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: 1,
        output_tokens: 3,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
      },
    })
  })

  it('streams the events in their order', async () => {
    const { post } = harness()
    const response = await post('/v1/messages', { ...body, stream: true })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const text = await response.text()
    expect(Array.from(text.matchAll(/^event: (.*)$/gm), ([, name]) => name)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  it('says that the limit of tokens ended it', async () => {
    const { post } = harness()
    const answer = await json<AnthropicMessageResponse>(post('/v1/messages', { ...body, max_tokens: 2 }))
    expect([answer.stop_reason, answer.usage.output_tokens]).toEqual(['max_tokens', 2])
  })

  it('takes system text, blocks, tools’ calls and their results', async () => {
    const { post, requests } = harness({
      models: { 'parrot:latest': { capabilities: ['completion', 'tools'] } },
    })
    await post('/v1/messages', {
      ...body,
      system: [
        { type: 'text', text: 'Be' },
        { type: 'text', text: 'brief.', cache_control: { type: 'ephemeral' } },
      ],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'How warm is it?' }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Ask.', signature: 'x' },
            { type: 'text', text: 'Let me see.' },
            { type: 'tool_use', id: 'c1', name: 'heat', input: { at: 'home' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c1', content: [{ type: 'text', text: '20' }] },
            { type: 'text', text: 'Well?' },
          ],
        },
      ],
      tools: [{ name: 'heat', input_schema: { type: 'object' } }],
      tool_choice: { type: 'tool', name: 'heat' },
    })
    expect(requests[0]?.job).toMatchObject({
      maxTokens: 100,
      prompt: {
        toolChoice: { name: 'heat' },
        tools: [{ name: 'heat', parameters: { type: 'object' } }],
        messages: [
          { role: 'system', content: 'Be\nbrief.' },
          { role: 'user', content: 'How warm is it?' },
          {
            role: 'assistant',
            content: 'Let me see.',
            thinking: 'Ask.',
            toolCalls: [{ id: 'c1', name: 'heat', arguments: { at: 'home' } }],
          },
          { role: 'tool', content: '20', toolCallId: 'c1' },
          { role: 'user', content: 'Well?' },
        ],
      },
    })
  })

  it('passes its options on, with its own defaults below them', async () => {
    const { post, requests } = harness()
    const options = { temperature: 0.5, top_k: 3, top_p: 0.9, stop_sequences: ['END'], keep_alive: '1m' }
    await post('/v1/messages', { ...body, ...options })
    expect(requests[0]).toMatchObject({
      keepAliveMs: 60_000,
      job: { stop: ['END'], sampling: { temperature: 0.5, topK: 3, topP: 0.9 } },
    })
  })

  it.each([
    ['no limit of tokens', { max_tokens: undefined }, 400, 'invalid_request_error', 'max_tokens'],
    ['no messages', { messages: [] }, 400, 'invalid_request_error', 'messages'],
    [
      'a role that is none',
      { messages: [{ role: 'cat', content: 'x' }] },
      400,
      'invalid_request_error',
      'messages[0].role',
    ],
    ['a model that is not there', { model: 'crow' }, 404, 'not_found_error', 'crow'],
    [
      'an image by its address',
      {
        messages: [
          { role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'http://x/y' } }] },
        ],
      },
      400,
      'invalid_request_error',
      'messages[0].content[0].source',
    ],
  ])('says in its own shape what is wrong: %s', async (_, bad, status, type, named) => {
    const { post } = harness()
    const response = await post('/v1/messages', { ...body, ...bad })
    const answer: unknown = await response.json()
    expect([response.status, answer]).toMatchObject([status, { type: 'error', error: { type } }])
    expect(JSON.stringify(answer)).toContain(named)
  })

  it('refuses a choice of a tool that is not there', async () => {
    const { post } = harness({ models: { 'parrot:latest': { capabilities: ['completion', 'tools'] } } })
    const tools = [{ name: 'heat' }]
    const response = await post('/v1/messages', {
      ...body,
      tools,
      tool_choice: { type: 'tool', name: 'cool' },
    })
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('expected one of the tools (heat), got \\"cool\\"'),
    ])
  })
})

describe('/v1/messages/count_tokens', () => {
  it('counts the prompt by the model itself', async () => {
    const { post } = harness()
    const response = await post('/v1/messages/count_tokens', { model: 'parrot', messages })
    expect(await response.json()).toEqual({ input_tokens: 1 })
  })
})

it('puts thinking, text and calls into blocks of their own', () => {
  const encoder = new AnthropicEncoder('msg_1', 'parrot', [])
  const metrics = { promptTokens: 5, cachedTokens: 2, promptMs: 1, decodedTokens: 4, decodeMs: 1 }
  const pieces: Piece[] = [
    { type: 'thinking', text: 'Hm', tokens: 1 },
    { type: 'thinking', text: '.', tokens: 1 },
    { type: 'text', text: 'Let me see.', tokens: 1 },
    { type: 'tool-call', call: { id: 'c1', name: 'heat', arguments: { at: 'home' } } },
    { type: 'finished', reason: 'tool-calls', metrics },
  ]
  const text = pieces.map((piece) => encoder.piece(piece)).join('')
  const events = Array.from(text.matchAll(/^data: (.*)$/gm), ([, data = '']): AnthropicStreamEvent =>
    JSON.parse(data),
  )
  expect(events.map((event) => [event.type, 'index' in event ? event.index : null])).toEqual([
    ['message_start', null],
    ['content_block_start', 0],
    ['content_block_delta', 0],
    ['content_block_delta', 0],
    ['content_block_stop', 0],
    ['content_block_start', 1],
    ['content_block_delta', 1],
    ['content_block_stop', 1],
    ['content_block_start', 2],
    ['content_block_delta', 2],
    ['content_block_stop', 2],
    ['message_delta', null],
    ['message_stop', null],
  ])
  expect(events.at(-2)).toMatchObject({
    delta: { stop_reason: 'tool_use' },
    usage: { input_tokens: 3, cache_read_input_tokens: 2, output_tokens: 4 },
  })
  expect(events[9]).toMatchObject({ delta: { partial_json: '{"at":"home"}' } })
})
