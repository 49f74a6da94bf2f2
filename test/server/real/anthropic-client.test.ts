import Anthropic, { BadRequestError, NotFoundError } from '@anthropic-ai/sdk'
import { OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf, smollm2 } from '../../models/index.js'
import { startBerth, type BerthProcess } from './berth-process.js'

const TOOLS_TEMPLATE =
  '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}' +
  '{% if tools %}<tool_call>{{ tools | tojson }}{% endif %}assistant: '

let berth: BerthProcess
beforeAll(async () => {
  berth = await startBerth({
    files: {
      'smollm2.gguf': await smollm2(),
      'caller.gguf': await randomGguf({ chatTemplate: TOOLS_TEMPLATE }),
    },
  })
})
afterAll(async () => await berth[Symbol.asyncDispose]())

const anthropic = () => new Anthropic({ baseURL: berth.url, apiKey: 'none', maxRetries: 0 })
const openAi = () => new OpenAI({ baseURL: `${berth.url}/v1`, apiKey: 'none', maxRetries: 0 })

describe('the npm client of Anthropic', () => {
  const settings = {
    model: 'smollm2',
    max_tokens: 24,
    temperature: 0,
    system: 'You are a helpful assistant.',
    messages: [{ role: 'user' as const, content: 'What is the capital of France?' }],
  }

  it('gets a message, in one answer and in a stream', async () => {
    const whole = await anthropic().messages.create(settings)
    const [block] = whole.content
    expect(block?.type === 'text' && block.text).toContain('Paris')
    expect(whole.stop_reason).toBe('end_turn')
    const stream = anthropic().messages.stream(settings)
    const deltas: string[] = []
    stream.on('text', (delta) => deltas.push(delta))
    const final = await stream.finalMessage()
    expect(final.content).toEqual(whole.content)
    expect(deltas.length).toBeGreaterThan(2)
    expect(final.usage.output_tokens).toBe(whole.usage.output_tokens)
  })

  it('counts tokens as the message itself does', async () => {
    const { model, system, messages } = settings
    const { input_tokens } = await anthropic().messages.countTokens({ model, system, messages })
    const { usage } = await anthropic().messages.create(settings)
    expect(input_tokens).toBe(usage.input_tokens + (usage.cache_read_input_tokens ?? 0))
  })

  it('gets errors of its own classes', async () => {
    await expect(anthropic().messages.create({ ...settings, model: 'dodo' })).rejects.toBeInstanceOf(
      NotFoundError,
    )
    await expect(anthropic().messages.create({ ...settings, max_tokens: 0 })).rejects.toBeInstanceOf(
      BadRequestError,
    )
  })

  it('may leave in the middle of a stream', async () => {
    const stream = anthropic().messages.stream({ ...settings, max_tokens: 4_000, temperature: 1 })
    await new Promise<void>((resolve) => {
      stream.on('text', () => {
        stream.abort()
        resolve()
      })
    })
    await expect(stream.finalMessage()).rejects.toThrow('aborted')
  })
})

describe('the npm client of OpenAI, by its Responses API', () => {
  const ask = {
    model: 'smollm2',
    instructions: 'You are a helpful assistant.',
    input: 'What is the capital of France?',
    temperature: 0,
    max_output_tokens: 24,
  }

  it('gets an answer, in one and in a stream', async () => {
    const whole = await openAi().responses.create(ask)
    expect([whole.status, whole.output_text]).toEqual(['completed', expect.stringContaining('Paris')])
    const stream = openAi().responses.stream(ask)
    let text = ''
    stream.on('response.output_text.delta', ({ delta }) => {
      text += delta
    })
    const final = await stream.finalResponse()
    expect([text, final.output_text]).toEqual([whole.output_text, whole.output_text])
  })
})

describe('a tool that must be called', () => {
  const schema = {
    type: 'object' as const,
    properties: { unit: { type: 'string', enum: ['celsius', 'kelvin'] } },
    required: ['unit'],
  }
  const messages = [{ role: 'user' as const, content: 'How warm is it?' }]

  it('is called, for the client of Anthropic', async () => {
    const settings = {
      model: 'caller',
      max_tokens: 200,
      messages,
      tools: [{ name: 'heat', input_schema: schema }],
      tool_choice: { type: 'tool' as const, name: 'heat' },
    }
    const whole = await anthropic().messages.create(settings)
    expect(whole).toMatchObject({ stop_reason: 'tool_use', content: [{ type: 'tool_use', name: 'heat' }] })
    const final = await anthropic().messages.stream(settings).finalMessage()
    const [call] = final.content
    expect(call?.type === 'tool_use' && call.input).toEqual({
      unit: expect.stringMatching(/^(celsius|kelvin)$/),
    })
  })

  it('is called, for the client of OpenAI', async () => {
    const { choices } = await openAi().chat.completions.create({
      model: 'caller',
      messages,
      tools: [{ type: 'function', function: { name: 'heat', parameters: schema } }],
      tool_choice: 'required',
    })
    const [call] = choices[0]?.message.tool_calls ?? []
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({
      unit: expect.stringMatching(/^(celsius|kelvin)$/),
    })
  })
})
