import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf } from '../../models/index.js'
import { startBerth, type BerthProcess } from './berth-process.js'
import { jsonOf, streamOf } from './scripted-models.js'

const TOOLS_TEMPLATE =
  '{% if tools %}{{ tools | tojson }}{% endif %}{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant: '

let berth: BerthProcess
beforeAll(async () => {
  berth = await startBerth({
    files: {
      'caller.gguf': await randomGguf({ name: 'caller', chatTemplate: TOOLS_TEMPLATE }),
      'coder.gguf': await randomGguf({ name: 'coder', infill: true }),
    },
  })
})
afterAll(async () => await berth[Symbol.asyncDispose]())

const messages = [{ role: 'user', content: 'Hello' }]
const json = async (path: string, body: object) => await jsonOf(berth.url + path, body)
const stream = async (path: string, body: object) => await streamOf(berth.url + path, body)

const names = (choice: { message: { tool_calls?: { function: { name: string } }[] } }) =>
  choice.message.tool_calls?.map((call) => call.function.name)

describe('calls of tools', () => {
  const parameters = { type: 'object', properties: { a: { enum: [1] } } }
  const tools = ['add', 'take'].map((name) => ({ type: 'function', function: { name, parameters } }))
  const callOf = (name: string) => ({
    type: 'object',
    properties: { name: { const: name }, arguments: parameters },
    additionalProperties: false,
  })
  /** A list of two calls, which is how models without a syntax of their own make several. */
  const two = { type: 'array', items: callOf('add'), minItems: 2, maxItems: 2 }
  const held = { type: 'json_schema', json_schema: { name: 'two', schema: two } }
  const ofOpenAi = { model: 'caller', messages, tools, response_format: held }

  const chosen = async (tool_choice: unknown, more: object = {}) =>
    (
      await json('/v1/chat/completions', {
        model: 'caller',
        messages,
        tools,
        tool_choice,
        max_tokens: 200,
        ...more,
      })
    ).choices[0]

  it('are several in one turn of /api/chat, whole and streamed', async () => {
    const body = { model: 'caller', messages, tools, format: two }
    const { message, done_reason: reason } = await json('/api/chat', { ...body, stream: false })
    const calls = [0, 1].map((index) => ({
      id: expect.any(String),
      function: { index, name: 'add', arguments: { a: 1 } },
    }))
    expect(message).toEqual({ role: 'assistant', content: '', tool_calls: calls })
    expect(reason).toBe('stop')
    const { parts } = await stream('/api/chat', body)
    expect(parts.flatMap((part) => part.message.tool_calls ?? [])).toEqual(calls)
    expect(parts.map((part) => part.message.content).join('')).toBe('')
  })

  it('are several in one turn of OpenAI’s API, whole and streamed', async () => {
    const { choices } = await json('/v1/chat/completions', ofOpenAi)
    const called = { type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
    expect(choices[0]).toMatchObject({
      message: { content: null, tool_calls: [called, called] },
      finish_reason: 'tool_calls',
    })
    const { parts } = await stream('/v1/chat/completions', { ...ofOpenAi, stream: true })
    const deltas = parts.flatMap((part) => part.choices[0].delta.tool_calls ?? [])
    expect(deltas).toMatchObject([
      { index: 0, ...called },
      { index: 1, ...called },
    ])
    expect(new Set(deltas.map(({ id }) => id)).size).toBe(2)
    expect(parts.at(-1).choices[0].finish_reason).toBe('tool_calls')
  })

  it('are made or not as tool_choice has it', async () => {
    expect(names(await chosen('auto', { response_format: held }))).toEqual(['add', 'add'])
    const none = await chosen('none', { response_format: held })
    expect(names(none)).toBeUndefined()
    expect(JSON.parse(none.message.content)).toHaveLength(2)
    expect(none.finish_reason).toBe('stop')
    expect(names(await chosen('required'))).toEqual([expect.stringMatching(/^(add|take)$/)])
    expect(names(await chosen({ type: 'function', function: { name: 'take' } }))).toEqual(['take'])
  })

  it('are as Anthropic’s tool_choice has it, whole and streamed', async () => {
    const body = {
      model: 'caller',
      messages,
      max_tokens: 200,
      tools: ['add', 'take'].map((name) => ({ name, input_schema: parameters })),
      tool_choice: { type: 'tool', name: 'take' },
    }
    const called = { type: 'tool_use', name: 'take', input: { a: 1 } }
    expect(await json('/v1/messages', body)).toMatchObject({ content: [called], stop_reason: 'tool_use' })
    const { parts } = await stream('/v1/messages', { ...body, stream: true })
    const started = parts.find(({ type }) => type === 'content_block_start')
    expect(started.content_block).toMatchObject({ type: 'tool_use', name: 'take' })
    const free = await json('/v1/messages', { ...body, tool_choice: { type: 'any' } })
    expect(free.content).toMatchObject([{ type: 'tool_use', name: expect.stringMatching(/^(add|take)$/) }])
  })
})

describe('text that leads to a suffix', () => {
  it('is asked for by the tokens that the model has for it', async () => {
    const options = { num_predict: 2, temperature: 0 }
    const body = { model: 'coder', prompt: 'one', suffix: 'two', options, stream: false }
    const infilled = await json('/api/generate', body)
    const plain = await json('/api/generate', { ...body, prompt: 'onetwo', suffix: undefined, raw: true })
    expect(infilled.eval_count).toBe(2)
    // Before, behind and between are a token each.
    expect(infilled.prompt_eval_count).toBeGreaterThanOrEqual(plain.prompt_eval_count + 3)
    expect(
      (await json('/v1/completions', { model: 'coder', prompt: 'one', suffix: 'two', max_tokens: 2 })).usage,
    ).toMatchObject({ prompt_tokens: infilled.prompt_eval_count, completion_tokens: 2 })
  })

  it('is refused by name where the model has none', async () => {
    const { error } = await json('/api/generate', { model: 'caller', prompt: 'one', suffix: 'two' })
    expect(error).toContain('"caller:latest" does not support insert')
  })
})

describe('log-probabilities', () => {
  const one = { token: expect.any(String), logprob: expect.any(Number), bytes: expect.any(Array) }

  it('come with each token in Ollama’s form, whole and streamed', async () => {
    const body = {
      model: 'coder',
      messages,
      logprobs: true,
      top_logprobs: 2,
      options: { num_predict: 3, temperature: 0 },
    }
    const { logprobs } = await json('/api/chat', { ...body, stream: false })
    expect(logprobs).toEqual([1, 2, 3].map(() => ({ ...one, top_logprobs: [one, one] })))
    const { parts } = await stream('/api/chat', body)
    expect(parts.flatMap((part) => part.logprobs ?? [])).toHaveLength(3)
    expect((await json('/api/chat', { ...body, logprobs: false, stream: false })).logprobs).toBeUndefined()
  })

  it('come in either of OpenAI’s forms', async () => {
    const chat = { model: 'coder', messages, logprobs: true, top_logprobs: 2, max_tokens: 3, temperature: 0 }
    const { choices } = await json('/v1/chat/completions', chat)
    expect(choices[0].logprobs.content).toEqual([1, 2, 3].map(() => ({ ...one, top_logprobs: [one, one] })))
    const completion = await json('/v1/completions', {
      model: 'coder',
      prompt: 'one',
      logprobs: 2,
      max_tokens: 3,
      temperature: 0,
    })
    const { tokens, token_logprobs: scores, text_offset: offsets } = completion.choices[0].logprobs
    expect([tokens.length, scores.length, offsets[0]]).toEqual([3, 3, 0])
  })
})

const chance = { seed: 7, temperature: 1.5, num_predict: 12 }
const textOfOllama = async (seed: number): Promise<string> =>
  (
    await json('/api/generate', {
      model: 'coder',
      prompt: 'one',
      options: { ...chance, seed },
      stream: false,
    })
  ).response
const textOfOpenAi = async (seed: number): Promise<string> =>
  (
    await json('/v1/chat/completions', {
      model: 'coder',
      messages,
      seed,
      temperature: 1.5,
      max_tokens: 12,
    })
  ).choices[0].message.content

describe('an answer', () => {
  it('repeats with its seed, in every family that has one', async () => {
    for (const ask of [textOfOllama, textOfOpenAi]) {
      expect(await ask(7)).toBe(await ask(7))
      expect(await ask(8)).not.toBe(await ask(7))
    }
  })

  it.each([-1, -2])('without a limit (%d) ends at ten contexts', async (num_predict) => {
    const body = { model: 'coder', prompt: 'one', options: { num_ctx: 32, num_predict }, stream: false }
    expect(await json('/api/generate', body)).toMatchObject({ done_reason: 'length', eval_count: 320 })
  })
})

describe('a prompt that is longer than the context', () => {
  const long = 'one two three four five '.repeat(500)
  const asked = [{ role: 'user', content: long }]

  it('is cut where nobody minds', async () => {
    const options = { num_predict: 1 }
    const chat = await json('/api/chat', { model: 'coder', messages: asked, options, stream: false })
    expect(chat).toMatchObject({ done: true, eval_count: 1 })
    // All that fits: the models of random weights have 2,048 tokens of context.
    expect(chat.prompt_eval_count).toBeGreaterThan(1_900)
    expect(chat.prompt_eval_count).toBeLessThan(2_048)
    for (const path of ['/v1/chat/completions', '/v1/messages']) {
      const { usage } = await json(path, { model: 'coder', messages: asked, max_tokens: 1 })
      expect(usage.completion_tokens ?? usage.output_tokens, path).toBe(1)
    }
  })

  it('is an error where it is not to be cut', async () => {
    for (const [path, prompt] of [
      ['/api/chat', { messages: asked }],
      ['/api/generate', { prompt: long }],
      ['/api/generate', { prompt: long, raw: true }],
    ] as const) {
      const { error } = await json(path, { model: 'coder', ...prompt, truncate: false, stream: false })
      expect(error).toMatch(/^the input length exceeds the context length: /)
    }
  })
})
