import { Ollama } from 'ollama'
import { BadRequestError, NotFoundError, OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../eventually.js'
import { curl, startBerth, type BerthProcess } from './berth-process.js'

const SYSTEM = 'You are a helpful assistant.'
const QUESTION = 'What is the capital of France?'
const messages = [
  { role: 'system' as const, content: SYSTEM },
  { role: 'user' as const, content: QUESTION },
]
const options = { temperature: 0, num_predict: 24 }

let berth: BerthProcess
beforeAll(async () => {
  berth = await startBerth()
})
afterAll(async () => await berth[Symbol.asyncDispose]())

const ollama = () => new Ollama({ host: berth.url })
const openAi = () => new OpenAI({ baseURL: `${berth.url}/v1`, apiKey: 'none' })
const ask = async (path: string, body: object) => await curl(berth.url + path, '-d', JSON.stringify(body))
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('curl', () => {
  it('is told that Paris is the capital of France, in a stream', async () => {
    const stream = lines(await ask('/api/chat', { model: 'smollm2', messages, options }))
    expect(stream.map(({ message }) => message.content).join('')).toContain('Paris')
    expect(stream.at(-1)).toMatchObject({ done: true, prompt_eval_count: expect.any(Number) })
    expect(stream.length).toBeGreaterThan(5)
  })

  it('is told so in one answer', async () => {
    const answer = JSON.parse(await ask('/api/chat', { model: 'smollm2', messages, options, stream: false }))
    expect(answer.message.content).toContain('Paris')
    expect(answer.eval_duration).toBeGreaterThan(0)
  })

  it('is told so by /api/generate', async () => {
    const body = { model: 'smollm2', system: SYSTEM, prompt: QUESTION, options, stream: false }
    const answer = JSON.parse(await ask('/api/generate', body))
    expect(answer.response).toContain('Paris')
    expect(answer.context.length).toBe(answer.prompt_eval_count + answer.eval_count)
  })

  it('goes on from the context of an earlier answer', async () => {
    const body = { model: 'smollm2', options: { temperature: 0, num_predict: 2 }, stream: false }
    const generate = async (more: object) => JSON.parse(await ask('/api/generate', { ...body, ...more }))
    const { context } = await generate({ prompt: 'My name is Ada.' })
    const alone = await generate({ prompt: 'What is my name?' })
    const after = await generate({ prompt: 'What is my name?', context })
    expect(after.prompt_eval_count).toBe(context.length + alone.prompt_eval_count)
    expect(after.context.slice(0, context.length)).toEqual(context)
  })

  it('is told so by OpenAI’s API', async () => {
    const body = { model: 'smollm2', messages, temperature: 0, max_tokens: 24 }
    const answer = JSON.parse(await ask('/v1/chat/completions', body))
    expect(answer.choices[0].message.content).toContain('Paris')
  })

  it('gets the same vector of length 1 for the same text', async () => {
    const body = { model: 'smollm2', input: ['a boat', 'a ship', 'a boat'] }
    const { embeddings } = JSON.parse(await ask('/api/embed', body))
    expect(embeddings.map((vector: number[]) => Math.hypot(...vector))).toEqual([
      expect.closeTo(1, 6),
      expect.closeTo(1, 6),
      expect.closeTo(1, 6),
    ])
    expect(embeddings[0]).toEqual(embeddings[2])
    expect(embeddings[0]).not.toEqual(embeddings[1])
  })
})

describe('the npm client of Ollama', () => {
  it('chats, in one answer and in a stream', async () => {
    const whole = await ollama().chat({ model: 'smollm2', messages, options })
    expect(whole.message.content).toContain('Paris')
    let text = ''
    for await (const part of await ollama().chat({ model: 'smollm2', messages, options, stream: true })) {
      text += part.message.content
    }
    expect(text).toBe(whole.message.content)
  })

  it('generates, in one answer and in a stream', async () => {
    const request = { model: 'smollm2', system: SYSTEM, prompt: QUESTION, options }
    const whole = await ollama().generate(request)
    let text = ''
    for await (const part of await ollama().generate({ ...request, stream: true })) text += part.response
    expect(text).toContain('Paris')
    expect(text).toBe(whole.response)
  })

  it('embeds, lists and shows', async () => {
    const { embeddings } = await ollama().embed({ model: 'smollm2', input: 'a boat' })
    expect(embeddings[0]).toHaveLength(576)
    const { models } = await ollama().list()
    expect(models.map(({ name }) => name)).toEqual(['smollm2:latest'])
    const shown = await ollama().show({ model: 'smollm2' })
    expect(shown.details).toMatchObject({ family: 'llama', quantization_level: 'Q4_1' })
    expect((await ollama().ps()).models[0]).toMatchObject({ name: 'smollm2:latest' })
    expect(await ollama().version()).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
  })

  it('is told of a model that is none', async () => {
    await expect(ollama().chat({ model: 'dodo', messages })).rejects.toMatchObject({
      status_code: 404,
      error: "model 'dodo' not found",
    })
  })

  it('can break off a stream, and the next request is served', async () => {
    // A text that the model goes on with for as long as it is let.
    const song = { model: 'smollm2', raw: true, prompt: 'la '.repeat(24).trim() }
    const endless = { temperature: 0, num_predict: 1_000_000 }
    const stream = await ollama().generate({ ...song, options: endless, stream: true })
    const read = async () => {
      for await (const _ of stream) stream.abort()
    }
    await expect(read()).rejects.toThrow(/abort/i)
    await eventually(() => berth.log()).toContain('cancelled: the client went away')
    expect((await ollama().chat({ model: 'smollm2', messages, options })).message.content).toContain('Paris')
  })
})

describe('the npm client of OpenAI', () => {
  const settings = { model: 'smollm2', temperature: 0, max_tokens: 24 }

  it('chats, in one answer and in a stream', async () => {
    const whole = await openAi().chat.completions.create({ ...settings, messages })
    const content = whole.choices[0]?.message.content
    expect(content).toContain('Paris')
    const stream = await openAi().chat.completions.create({
      ...settings,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage: unknown
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(content)
    expect(usage).toMatchObject({ completion_tokens: whole.usage?.completion_tokens })
  })

  it('completes', async () => {
    const prompt = `${SYSTEM} Complete this sentence: the capital of France is`
    const { choices } = await openAi().completions.create({ ...settings, prompt })
    expect(choices[0]?.text).toContain('Paris')
  })

  it('embeds and lists', async () => {
    // It asks for base64, and decodes that.
    const { data } = await openAi().embeddings.create({ model: 'smollm2', input: 'a boat' })
    expect(data[0]?.embedding).toHaveLength(576)
    expect(Math.hypot(...(data[0]?.embedding ?? []))).toBeCloseTo(1, 5)
    expect((await openAi().models.list()).data.map(({ id }) => id)).toEqual(['smollm2:latest'])
    expect(await openAi().models.retrieve('smollm2')).toMatchObject({ id: 'smollm2:latest' })
  })

  it('gets errors of its own classes', async () => {
    const body = { ...settings, model: 'dodo', messages }
    await expect(openAi().chat.completions.create(body)).rejects.toBeInstanceOf(NotFoundError)
    const bad = { ...settings, messages, temperature: -1 }
    await expect(openAi().chat.completions.create(bad)).rejects.toBeInstanceOf(BadRequestError)
  })
})
