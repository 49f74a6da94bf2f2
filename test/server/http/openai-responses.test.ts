import { OpenAiResponseRequest, type OpenAiResponse } from '@berth/protocol'
import type { Piece } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { ResponseEncoder, responseHead } from '../../../apps/server/src/routes/openai-response-answers.js'
import { harness, json } from './harness.js'

const body = { model: 'parrot', input: 'Hello' }
const tools = [{ type: 'function', name: 'heat', parameters: { type: 'object' } }]

describe('/v1/responses', () => {
  it('answers in one unless it is asked to stream', async () => {
    const { post } = harness()
    const answer = await json<OpenAiResponse>(post('/v1/responses', body))
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      object: 'response',
      status: 'completed',
      error: null,
      output: [
        {
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [
            {
              type: 'output_text',
              text: 'parrot:latest-1 parrot:latest-2 parrot:latest-3 ',
              annotations: [],
            },
          ],
        },
      ],
      usage: { input_tokens: 1, output_tokens: 3, total_tokens: 4 },
    })
  })

  it('says that the limit of tokens ended it', async () => {
    const { post } = harness()
    const answer = await json<OpenAiResponse>(post('/v1/responses', { ...body, max_output_tokens: 2 }))
    expect(answer).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    })
  })

  it('streams typed events, numbered in their order', async () => {
    const { post } = harness()
    const text = await (await post('/v1/responses', { ...body, stream: true })).text()
    const events = Array.from(text.matchAll(/^data: (.*)$/gm), ([, data = '']): Record<string, unknown> =>
      JSON.parse(data),
    )
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, at) => at))
    expect(events.map((event) => event['type'])).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    expect(Array.from(text.matchAll(/^event: (.*)$/gm), ([, name]) => name)).toEqual(
      events.map(({ type }) => type),
    )
  })

  it('takes items: what was thought, said and called is one turn', async () => {
    const { post, requests } = harness({
      models: { 'parrot:latest': { capabilities: ['completion', 'tools'] } },
    })
    await post('/v1/responses', {
      model: 'parrot',
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'How warm is it?' }] },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Ask.' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Let me see.' }] },
        { type: 'function_call', call_id: 'c1', name: 'heat', arguments: '{"at":"home"}' },
        { type: 'function_call_output', call_id: 'c1', output: '20' },
        { type: 'message', role: 'assistant', content: '20.' },
        { type: 'message', role: 'user', content: 'Thanks.' },
      ],
      tools,
      tool_choice: { type: 'function', name: 'heat' },
      text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } } },
    })
    expect(requests[0]?.job).toMatchObject({
      format: { kind: 'json-schema', schema: { type: 'object' } },
      prompt: {
        toolChoice: { name: 'heat' },
        tools: [{ name: 'heat', parameters: { type: 'object' } }],
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'How warm is it?' },
          {
            role: 'assistant',
            content: 'Let me see.',
            thinking: 'Ask.',
            toolCalls: [{ id: 'c1', name: 'heat', arguments: { at: 'home' } }],
          },
          { role: 'tool', content: '20', toolCallId: 'c1' },
          { role: 'assistant', content: '20.' },
          { role: 'user', content: 'Thanks.' },
        ],
      },
    })
  })

  it.each([
    ['an answer to go on from', { previous_response_id: 'resp_1' }, 'previous_response_id: expected none'],
    ['a tool of a provider', { tools: [{ type: 'web_search' }] }, 'tools[0].type: expected "function"'],
    ['an item of no kind', { input: [{ type: 'x' }] }, 'input[0]: expected an item of type'],
    ['work in the background', { background: true }, 'background: expected false'],
  ])('refuses %s by name', async (_, bad, message) => {
    const { post } = harness()
    const response = await post('/v1/responses', { ...body, ...bad })
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { type: 'invalid_request_error', message: expect.stringContaining(message) } },
    ])
  })
})

it('streams thinking, text and calls as items of their own', () => {
  const encoder = new ResponseEncoder(responseHead('1', OpenAiResponseRequest.parse(body)))
  const metrics = { promptTokens: 5, cachedTokens: 2, promptMs: 1, decodedTokens: 4, decodeMs: 1 }
  const pieces: Piece[] = [
    { type: 'thinking', text: 'Hm.', tokens: 1 },
    { type: 'text', text: 'Let me see.', tokens: 1 },
    { type: 'tool-call', call: { id: 'c1', name: 'heat', arguments: { at: 'home' } } },
    { type: 'finished', reason: 'tool-calls', metrics },
  ]
  const text = pieces.map((piece) => encoder.piece(piece)).join('')
  const events = Array.from(text.matchAll(/^data: (.*)$/gm), ([, data = '']): Record<string, unknown> =>
    JSON.parse(data),
  )
  const last = events.at(-1)
  expect(last).toMatchObject({
    type: 'response.completed',
    response: {
      output: [
        { type: 'reasoning', summary: [{ text: 'Hm.' }] },
        { type: 'message', content: [{ text: 'Let me see.' }] },
        { type: 'function_call', call_id: 'c1', name: 'heat', arguments: '{"at":"home"}' },
      ],
      usage: { input_tokens_details: { cached_tokens: 2 } },
    },
  })
  const done = events.filter(({ type }) => type === 'response.output_item.done')
  expect(done.map((event) => event['output_index'])).toEqual([0, 1, 2])
})
