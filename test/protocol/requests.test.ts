import {
  explain,
  OllamaChatRequest,
  OllamaEmbedRequest,
  OllamaGenerateRequest,
  OllamaOptions,
  OllamaShowRequest,
  OpenAiChatRequest,
  OpenAiCompletionRequest,
  unknownOptions,
} from '@berth/protocol'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'

function complaints(schema: z.ZodType, value: unknown): readonly string[] {
  const parsed = schema.safeParse(value)
  return parsed.success ? [] : explain(parsed.error, value).map(({ message }) => message)
}

describe('a request to Ollama’s API', () => {
  it('needs no more than a model', () => {
    expect(OllamaGenerateRequest.parse({ model: 'm' })).toEqual({ model: 'm' })
  })

  it('takes null for what is left out, as clients written in Go send it', () => {
    const nulls = { format: null, options: null, keep_alive: null, images: null, think: null, stream: null }
    expect(OllamaGenerateRequest.parse({ model: 'm', ...nulls }).options).toBeUndefined()
    expect(OllamaChatRequest.parse({ model: 'm', messages: null, tools: null }).tools).toBeUndefined()
  })

  it('carries keep_alive in seconds or as a duration', () => {
    expect(OllamaGenerateRequest.parse({ model: 'm', keep_alive: '10m' }).keep_alive).toBe(600_000)
    expect(OllamaGenerateRequest.parse({ model: 'm', keep_alive: 0 }).keep_alive).toBe(0)
  })

  it('takes one input or several', () => {
    expect(OllamaEmbedRequest.parse({ model: 'm', input: 'a' }).input).toEqual(['a'])
    expect(OllamaEmbedRequest.parse({ model: 'm', input: ['a', 'b'] }).input).toEqual(['a', 'b'])
  })

  it('leaves the context to the server where it asks for none', () => {
    const meant = [0, 1, 8_192].map((tokens) => OllamaOptions.parse({ num_ctx: tokens }).num_ctx)
    expect(meant).toEqual([undefined, 1, 8_192])
  })

  it('knows the older name of the model field', () => {
    expect(OllamaShowRequest.parse({ name: 'm' })).toEqual({ model: 'm', verbose: false })
  })

  it('keeps options it does not know, to be warned about', () => {
    const options = OllamaOptions.parse({ temperature: 0.5, stop: 'x', tempratur: 1 })
    expect(options).toMatchObject({ temperature: 0.5, stop: ['x'], tempratur: 1 })
    expect(unknownOptions(options)).toEqual(['tempratur'])
  })

  it.each<[string, unknown, string]>([
    ['a wrong type', { model: 'm', prompt: 5 }, 'prompt: expected a string, got 5'],
    [
      'an option of the wrong type',
      { model: 'm', options: { temperature: 'hot' } },
      'options.temperature: expected a number from 0 to 100, got "hot"',
    ],
    [
      'a fraction of a token',
      { model: 'm', options: { num_ctx: 0.5 } },
      'options.num_ctx: expected a whole number from 0, got 0.5',
    ],
    [
      'a token id that no model can have',
      { model: 'm', context: [1, -7] },
      'context[1]: expected a whole number from 0 to 2147483647, got -7',
    ],
    [
      'a duration that is none',
      { model: 'm', keep_alive: 'soon' },
      'keep_alive: expected a number of seconds or a duration such as "5m", "1h30m" or "-1", got "soon"',
    ],
    ['a body that is no object', [], 'the request body: expected object, got []'],
    [
      'a format that is none',
      { model: 'm', format: 'xml' },
      'format: expected "json" or a JSON schema, got "xml"',
    ],
  ])('is refused for %s, with the field, the value and what would be right', (_, body, message) => {
    expect(complaints(OllamaGenerateRequest, body)).toEqual([message])
  })

  it('is told of everything that is wrong at once', () => {
    expect(complaints(OllamaChatRequest, { messages: [{ role: 'robot', content: 'x' }] })).toEqual([
      'model is required: expected the name of a model',
      'messages[0].role: expected "system", "user", "assistant" or "tool", got "robot"',
    ])
  })
})

describe('a request to OpenAI’s API', () => {
  const message = { role: 'user', content: 'hi' }

  it('takes content as a text or in parts', () => {
    const parts = [
      { type: 'text', text: 'what is this?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
    ]
    const body = OpenAiChatRequest.parse({
      model: 'm',
      messages: [message, { role: 'user', content: parts }],
    })
    expect(body.messages.map(({ content }) => content)).toEqual(['hi', parts])
  })

  it('takes one text to stop at, or several', () => {
    expect(OpenAiChatRequest.parse({ model: 'm', messages: [message], stop: 'x' }).stop).toEqual(['x'])
    expect(OpenAiCompletionRequest.parse({ model: 'm', prompt: ['p'], stop: ['x', 'y'] })).toMatchObject({
      prompt: 'p',
      stop: ['x', 'y'],
    })
  })

  it.each<[string, object, string]>([
    ['no messages', { messages: [] }, 'messages: expected at least one message, got []'],
    ['more than one answer', { n: 2 }, 'n: expected 1: one answer a request is all that is given, got 2'],
    [
      'a part of another kind',
      { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
      'messages[0].content: expected a string or a list of parts of type "text" or "image_url", got [{"type":"input_audio"}]',
    ],
  ])('is refused for %s', (_, body, complaint) => {
    expect(complaints(OpenAiChatRequest, { model: 'm', messages: [message], ...body })).toEqual([complaint])
  })
})
