import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf } from '../../models/index.js'
import { berth as command } from '../cli/command.js'
import { startBerth, type BerthProcess } from './berth-process.js'
import { BROODER, jsonOf, said, streamOf, THINKER } from './scripted-models.js'

let berth: BerthProcess
beforeAll(async () => {
  berth = await startBerth({
    files: {
      'thinker.gguf': await randomGguf({ name: 'thinker', chatTemplate: THINKER }),
      'brooder.gguf': await randomGguf({ name: 'brooder', chatTemplate: BROODER }),
      'plain.gguf': await randomGguf(),
    },
  })
})
afterAll(async () => await berth[Symbol.asyncDispose]())

/** What the models are made to say; the quotes are of the schema that makes them. */
const SAID = 'Hmmm, <b>. </think> Yes.'
const [THOUGHT, ANSWER] = ['"Hmmm, <b>.', 'Yes."']

const messages = [{ role: 'user', content: 'Is it?' }]
const format = said(SAID)
const chat = (model: string, more: object = {}) => ({ model, messages, format, ...more })
const generate = (model: string, more: object = {}) => ({ model, prompt: 'Is it?', format, ...more })
const openAi = (model: string, more: object = {}) => ({
  model,
  messages,
  response_format: { type: 'json_schema', json_schema: { name: 'said', schema: format } },
  ...more,
})
const responses = (model: string, more: object = {}) => ({
  model,
  input: 'Is it?',
  text: { format: { type: 'json_schema', name: 'said', schema: format } },
  ...more,
})

const url = (path: string): string => berth.url + path
const json = async (path: string, body: object) => await jsonOf(url(path), body)
const stream = async (path: string, body: object) => await streamOf(url(path), body)
const joined = (texts: readonly (string | undefined)[]): string => texts.join('')

describe('what a model thinks', () => {
  it('is apart from what it says in /api/chat, in one answer and in a stream', async () => {
    const { message, ...whole } = await json('/api/chat', chat('thinker', { think: true, stream: false }))
    expect(message).toEqual({ role: 'assistant', content: ANSWER, thinking: THOUGHT })
    expect(whole).toMatchObject({ done_reason: 'stop' })
    const { parts, raw } = await stream('/api/chat', chat('thinker', { think: true }))
    const lines = parts.map((part) => part.message)
    expect(joined(lines.map(({ thinking }) => thinking))).toBe(THOUGHT)
    expect(joined(lines.map(({ content }) => content))).toBe(ANSWER)
    // All of the one before any of the other, in many pieces, and no part of a tag in either.
    const kinds = lines.map(({ thinking, content }) => (thinking ? 'thinking' : content ? 'text' : 'end'))
    expect(kinds.indexOf('text')).toBe(kinds.lastIndexOf('thinking') + 1)
    expect(kinds.filter((kind) => kind === 'thinking').length).toBeGreaterThan(2)
    expect(raw).not.toContain('think>')
  })

  it('is apart in /api/generate', async () => {
    const whole = await json('/api/generate', generate('thinker', { think: true, stream: false }))
    expect(whole).toMatchObject({ response: ANSWER, thinking: THOUGHT })
    const { parts } = await stream('/api/generate', generate('thinker', { think: true }))
    expect(joined(parts.map(({ thinking }) => thinking))).toBe(THOUGHT)
    expect(joined(parts.map(({ response }) => response))).toBe(ANSWER)
  })

  it('is `reasoning` in OpenAI’s chat completions', async () => {
    const { choices } = await json('/v1/chat/completions', openAi('thinker'))
    expect(choices[0].message).toMatchObject({ content: ANSWER, reasoning: THOUGHT })
    const { parts } = await stream('/v1/chat/completions', openAi('thinker', { stream: true }))
    const deltas = parts.map((part) => part.choices[0].delta)
    expect(joined(deltas.map(({ reasoning }) => reasoning))).toBe(THOUGHT)
    expect(joined(deltas.map(({ content }) => content))).toBe(ANSWER)
  })

  it('is an item of its own in OpenAI’s responses', async () => {
    const { output } = await json('/v1/responses', responses('thinker'))
    expect(output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: THOUGHT }] },
      { type: 'message', content: [{ type: 'output_text', text: ANSWER }] },
    ])
  })

  it('is a block of its own in Anthropic’s messages', async () => {
    // That API has no schema: the model goes on thinking until its tokens are used up.
    const body = {
      model: 'thinker',
      messages,
      max_tokens: 8,
      thinking: { type: 'enabled', budget_tokens: 1_024 },
    }
    const { content, stop_reason: reason } = await json('/v1/messages', body)
    expect(content).toEqual([{ type: 'thinking', thinking: expect.stringMatching(/./), signature: '' }])
    expect(reason).toBe('max_tokens')
    const { parts } = await stream('/v1/messages', { ...body, stream: true })
    expect(parts.map(({ type }) => type).filter((type) => type !== 'content_block_delta')).toEqual([
      'message_start',
      'content_block_start',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
    expect(parts[1].content_block.type).toBe('thinking')
  })

  it('comes without being asked for, as long as nobody says no', async () => {
    const { message } = await json('/api/chat', chat('thinker', { stream: false }))
    expect(message).toMatchObject({ content: ANSWER, thinking: THOUGHT })
  })

  it('may take all the tokens there are', async () => {
    const options = { num_predict: 3 }
    const cut = await json('/api/chat', chat('thinker', { stream: false, options }))
    expect(cut).toMatchObject({ done_reason: 'length', eval_count: 3, message: { content: '' } })
    expect(THOUGHT.startsWith(cut.message.thinking)).toBe(true)
    expect(cut.message.thinking).not.toBe('')
  })
})

describe('a model that is told not to think', () => {
  it('is told so by its template', async () => {
    const [told, free] = await Promise.all(
      [false, true].map(
        async (think) =>
          await json('/api/chat', chat('thinker', { think, stream: false, format: said('Yes.') })),
      ),
    )
    expect(told.message).toEqual({ role: 'assistant', content: '"Yes."' })
    expect(told.prompt_eval_count).toBeGreaterThan(free.prompt_eval_count)
  })

  it('and thinks all the same is not heard thinking, by anybody', async () => {
    const bodies = [
      ['/api/chat', chat('brooder', { think: false })],
      ['/api/generate', generate('brooder', { think: false })],
      ['/v1/chat/completions', openAi('brooder', { reasoning_effort: 'none' })],
      ['/v1/responses', responses('brooder', { reasoning: { effort: 'none' } })],
    ] as const
    for (const [path, body] of bodies) {
      for (const streams of [true, false]) {
        const { raw } = await stream(path, { ...body, stream: streams })
        expect(raw, path).toContain(streams ? '"Y"' : 'Yes.')
        for (const leak of ['Hm', 'mm', '<', 'b>', '"thinking":', '"reasoning":"'])
          expect(raw, path).not.toContain(leak)
      }
    }
    const silent = { model: 'brooder', messages, max_tokens: 8, thinking: { type: 'disabled' } }
    const { content } = await json('/v1/messages', silent)
    expect(content).toEqual([{ type: 'text', text: '' }])
  })
})

describe('how much to think', () => {
  it('is told by the template', async () => {
    const count = async (think: unknown): Promise<number> =>
      (await json('/api/chat', chat('thinker', { think, stream: false, options: { num_predict: 1 } })))
        .prompt_eval_count
    const [bare, low, medium, high] = [
      await count(true),
      await count('low'),
      await count('medium'),
      await count('high'),
    ]
    expect(low).toBeGreaterThan(bare)
    expect(medium).toBeGreaterThan(low)
    expect(high).toBeGreaterThan(medium)
    const body = openAi('thinker', { reasoning_effort: 'high', max_tokens: 1 })
    expect((await json('/v1/chat/completions', body)).usage.prompt_tokens).toBe(high)
  })

  it('is refused by name where it is no level, or the model cannot think', async () => {
    expect((await json('/api/chat', chat('thinker', { think: 'hard' }))).error).toMatch(
      /^think: expected true/,
    )
    for (const think of [true, 'low', 'high']) {
      expect((await json('/api/chat', chat('plain', { think }))).error).toBe(
        '"plain:latest" does not support thinking (it can: completion)',
      )
    }
    const { error } = await json('/v1/chat/completions', openAi('plain', { reasoning_effort: 'low' }))
    expect(error.message).toContain('does not support thinking')
    const told = await json('/api/chat', chat('plain', { think: false, stream: false, format: said('Yes.') }))
    expect(told.message.content).toBe('"Yes."')
    // Anthropic's clients always ask for it.
    const body = {
      model: 'plain',
      messages,
      max_tokens: 2,
      thinking: { type: 'enabled', budget_tokens: 1_024 },
    }
    expect((await json('/v1/messages', body)).content).toMatchObject([{ type: 'text' }])
  })
})

const runSaid = async (...args: readonly string[]) =>
  await command(['run', ...args, '--format', JSON.stringify(format), 'Is', 'it?'], {
    url: berth.url,
    home: berth.home,
  })

describe('berth run', () => {
  it.each([
    ['shows what is thought', ['thinker'], `Thinking...\n${THOUGHT}\n...done thinking.\n\n${ANSWER}\n`],
    ['hides it', ['thinker', '--hidethinking'], `${ANSWER}\n`],
    ['asks for none', ['brooder', '--think=false'], `${ANSWER}\n`],
  ])('%s', async (_, args, shown) => {
    expect(await runSaid(...args)).toMatchObject({ code: 0, out: shown })
  })

  it('fails where the model cannot', async () => {
    expect(await runSaid('plain', '--think=high')).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not support thinking'),
    })
  })
})
