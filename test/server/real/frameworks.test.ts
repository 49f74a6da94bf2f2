import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { HumanMessage, SystemMessage } from '@langchain/core/messages'
import { ChatOllama, OllamaEmbeddings } from '@langchain/ollama'
import { APICallError, embedMany, generateObject, generateText, jsonSchema, streamText, tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf, smollm2 } from '../../models/index.js'
import { startBerth, type BerthProcess } from './berth-process.js'

const SYSTEM = 'You are a helpful assistant.'
const QUESTION = 'What is the capital of France?'
const TOOLS_TEMPLATE =
  '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}' +
  '{% if tools %}<tool_call>{{ tools | tojson }}{% endif %}assistant: '
const UNIT = {
  type: 'object',
  properties: { unit: { enum: ['celsius', 'kelvin'] } },
  required: ['unit'],
} as const
const unit = { unit: expect.stringMatching(/^(celsius|kelvin)$/) }

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

const provider = () =>
  createOpenAICompatible({ name: 'berth', baseURL: `${berth.url}/v1`, includeUsage: true })

const model = (name: string) =>
  new ChatOllama({ baseUrl: berth.url, model: name, temperature: 0, numPredict: 24 })

const ask = () => ({
  model: provider()('smollm2'),
  system: SYSTEM,
  prompt: QUESTION,
  temperature: 0,
  maxOutputTokens: 24,
  maxRetries: 0,
})

describe('the AI SDK', () => {
  it('chats, in one answer and in a stream', async () => {
    const whole = await generateText(ask())
    expect([whole.text, whole.finishReason]).toEqual([expect.stringContaining('Paris'), 'stop'])
    const stream = streamText(ask())
    let text = ''
    for await (const delta of stream.textStream) text += delta
    expect(text).toBe(whole.text)
    expect((await stream.usage).outputTokens).toBe(whole.usage.outputTokens)
  })

  it('has its tools called', async () => {
    const { toolCalls, finishReason } = await generateText({
      model: provider()('caller'),
      prompt: 'How warm is it?',
      tools: {
        heat: tool({ description: 'How warm it is', inputSchema: jsonSchema<{ unit: string }>({ ...UNIT }) }),
      },
      toolChoice: { type: 'tool', toolName: 'heat' },
      maxRetries: 0,
    })
    expect(toolCalls).toMatchObject([{ toolName: 'heat', input: unit }])
    expect(finishReason).toBe('tool-calls')
  })

  it('gets objects that keep to their schema', async () => {
    const { object } = await generateObject({
      model: createOpenAICompatible({
        name: 'berth',
        baseURL: `${berth.url}/v1`,
        supportsStructuredOutputs: true,
      })('smollm2'),
      schema: jsonSchema({ ...UNIT }),
      prompt: 'Which unit?',
      maxRetries: 0,
    })
    expect(object).toEqual(unit)
  })

  it('embeds', async () => {
    const { embeddings } = await embedMany({
      model: provider().embeddingModel('smollm2'),
      values: ['a boat', 'a ship'],
    })
    expect(embeddings.map((vector) => vector.length)).toEqual([576, 576])
  })

  it('gets errors with their status, and may leave in the middle', async () => {
    const missing = generateText({ ...ask(), model: provider()('dodo') })
    await expect(missing).rejects.toSatisfy((e) => APICallError.isInstance(e) && e.statusCode === 404)
    const leave = new AbortController()
    const stream = streamText({ ...ask(), maxOutputTokens: 4_000, temperature: 1, abortSignal: leave.signal })
    const parts: string[] = []
    for await (const part of stream.fullStream) {
      parts.push(part.type)
      if (part.type === 'text-delta') leave.abort()
    }
    expect(parts.at(-1)).toBe('abort')
  })
})

describe('LangChain’s Ollama classes', () => {
  const messages = [new SystemMessage(SYSTEM), new HumanMessage(QUESTION)]

  it('chat, in one answer and in a stream', async () => {
    const whole = await model('smollm2').invoke(messages)
    expect(whole.content).toContain('Paris')
    let text = ''
    for await (const chunk of await model('smollm2').stream(messages)) {
      text += typeof chunk.content === 'string' ? chunk.content : ''
    }
    expect(text).toBe(whole.content)
  })

  it('get objects that keep to their schema', async () => {
    const structured = model('smollm2').withStructuredOutput({ ...UNIT }, { method: 'jsonSchema' })
    expect(await structured.invoke('Which unit?')).toEqual(unit)
  })

  it('send their tools', async () => {
    const bound = model('caller').bindTools([
      {
        type: 'function',
        function: { name: 'heat', description: 'How warm it is', parameters: { ...UNIT } },
      },
    ])
    expect((await bound.invoke('How warm is it?')).response_metadata).toMatchObject({ done: true })
    await expect(
      model('smollm2')
        .bindTools([{ type: 'function', function: { name: 'heat', parameters: {} } }])
        .invoke('Hi'),
    ).rejects.toThrow('does not support tools')
  })

  it('embed', async () => {
    const vectors = await new OllamaEmbeddings({ baseUrl: berth.url, model: 'smollm2' }).embedDocuments([
      'a',
      'b',
    ])
    expect(vectors.map((vector) => Math.hypot(...vector))).toEqual([
      expect.closeTo(1, 5),
      expect.closeTo(1, 5),
    ])
  })

  it('get errors, and may leave in the middle', async () => {
    await expect(model('dodo').invoke('Hi')).rejects.toThrow('dodo')
    const long = new ChatOllama({ baseUrl: berth.url, model: 'smollm2', temperature: 1, numPredict: 4_000 })
    let chunks = 0
    for await (const _ of await long.stream(messages)) {
      chunks += 1
      if (chunks === 3) break
    }
    // The slot comes free: the next one is answered.
    expect((await model('smollm2').invoke(messages)).content).toContain('Paris')
  })
})
