import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message, Runner } from '@berth/scheduler'
import type { LlamaBackend } from '../../../apps/server/src/llama/index.js'
import { randomGguf, smollm2 } from '../../models/index.js'
import { answerOf, backendOver, chat, load, raw, withRunner } from './harness.js'

const HELPFUL: Message = { role: 'system', content: 'You are a helpful assistant.' }
const messages = (...turns: Message[]) => ({ kind: 'messages', messages: turns }) as const
const user = (content: string): Message => ({ role: 'user', content })

const tell = (seed: number) => chat('Tell me a story.', { sampling: { temperature: 1, topK: 40, seed } })

/** A job that goes on from a token. */
const goingOnFrom = (token: number, kind: 'raw' | 'messages') => {
  const start = { after: [1, token] }
  const prompt =
    kind === 'raw' ? ({ kind, text: 'x', ...start } as const) : { ...messages(user('x')), ...start }
  return chat('', { prompt, maxTokens: 1 })
}

describe('a real model', () => {
  let runner: Runner
  beforeAll(async () => {
    runner = await load(backendOver({ smollm2: await smollm2() }), 'smollm2', { contextLength: 1024 })
  })
  afterAll(() => runner.stop('now'))

  it('knows the capital of France', async () => {
    const { text, finished } = await answerOf(
      runner.start(chat('', { prompt: messages(HELPFUL, user('What is the capital of France?')) })),
    )
    expect(text).toContain('Paris')
    expect(finished.reason).toBe('stop')
    expect(finished.metrics.decodedTokens).toBe(7)
    expect(finished.metrics.promptTokens).toBe(27)
  })

  it('gives the same text for the same seed and another for another', async () => {
    const first = await answerOf(runner.start(tell(7)))
    const again = await answerOf(runner.start(tell(7)))
    const other = await answerOf(runner.start(tell(8)))
    expect(again.text).toBe(first.text)
    expect(other.text).not.toBe(first.text)
  })

  it('draws anew without a seed', async () => {
    const sampling = { temperature: 2 }
    const texts = new Set<string>()
    for (let turn = 0; turn < 3; turn++) {
      texts.add((await answerOf(runner.start(chat('Tell me a story.', { sampling })))).text)
    }
    expect(texts.size).toBeGreaterThan(1)
  })

  it('takes over the tokens of the turn before', async () => {
    const first = messages(HELPFUL, user('What is the capital of France?'))
    const sampling = { temperature: 1, topK: 1 }
    const { text, finished } = await answerOf(runner.start(chat('', { prompt: first, sampling })))
    const second = messages(...first.messages, { role: 'assistant', content: text }, user('And of Italy?'))
    const { metrics } = (await answerOf(runner.start(chat('', { prompt: second, sampling })))).finished
    // All of the first prompt and of its answer.
    expect(metrics.cachedTokens).toBeGreaterThanOrEqual(
      finished.metrics.promptTokens + finished.metrics.decodedTokens - 1,
    )
    expect(metrics.cachedTokens).toBeLessThan(metrics.promptTokens)
  })

  it('gives the same answer at temperature 0 whether or not the prompt was cached', async () => {
    const long = 'The quick brown fox jumps over the lazy dog. '.repeat(12)
    const job = raw(long, { logprobs: { top: 1 } })
    const fresh = await answerOf(runner.start(job))
    await answerOf(runner.start(raw('Something else altogether')))
    const again = await answerOf(runner.start(job))
    const cached = await answerOf(runner.start(job))
    expect(fresh.finished.metrics.cachedTokens).toBe(0)
    expect(cached.finished.metrics.cachedTokens).toBe(64)
    expect(again.logprobs).toEqual(fresh.logprobs)
    expect(cached.logprobs).toEqual(fresh.logprobs)
  })

  it('ends at a stop string that lies across tokens, and leaves it out', async () => {
    const whole = await answerOf(runner.start(chat('Count from one to ten.', { maxTokens: 24 })))
    // From the middle of one token to the middle of a later one.
    const [first, second] = whole.pieces.slice(3, 5).map((piece) => (piece.type === 'text' ? piece.text : ''))
    const stop = first!.slice(1) + second!.slice(0, 2)
    const { text, finished } = await answerOf(runner.start(chat('Count from one to ten.', { stop: [stop] })))
    expect(finished.reason).toBe('stop')
    expect(text).toBe(whole.text.slice(0, whole.text.indexOf(stop)))
  })

  it('says what it held back when no stop string came of it', async () => {
    const whole = await answerOf(runner.start(chat('Count from one to ten.')))
    const stop = `${whole.text.slice(-3)}#`
    const { text } = await answerOf(runner.start(chat('Count from one to ten.', { stop: [stop] })))
    expect(text).toBe(whole.text)
  })

  it('never cuts a character in two', async () => {
    const { pieces } = await answerOf(runner.start(raw('Repeat: 🦩🫖🪿 🦩🫖🪿 🦩🫖🪿', { maxTokens: 24 })))
    const texts = pieces.flatMap((piece) => (piece.type === 'text' ? [piece] : []))
    expect(texts.map(({ text }) => text).join('')).toMatch(/\p{Extended_Pictographic}/u)
    // The vocabulary does not have these whole: a character takes several tokens.
    expect(Math.max(...texts.map(({ tokens }) => tokens))).toBeGreaterThan(1)
    for (const { text } of texts) expect(text).toMatch(/^[^\uFFFD]+$/)
  })

  it('scores tokens by the distribution of the model, before sampling', async () => {
    const { logprobs } = await answerOf(
      runner.start(
        chat('Say yes.', { logprobs: { top: 3 }, sampling: { temperature: 0.2, topK: 2, seed: 1 } }),
      ),
    )
    const greedy = await answerOf(runner.start(chat('Say yes.', { logprobs: { top: 3 }, maxTokens: 1 })))
    expect(logprobs[0]!.top).toEqual(greedy.logprobs[0]!.top)
    for (const { logprob, top, bytes, token } of logprobs) {
      expect(top).toHaveLength(3)
      expect(top.map((one) => one.logprob)).toEqual(top.map((one) => one.logprob).toSorted((a, b) => b - a))
      expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1.0001)
      expect(logprob).toBeLessThanOrEqual(top[0]!.logprob)
      expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(token)
    }
  })

  it('keeps to a JSON schema', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
    }
    const { text } = await answerOf(
      runner.start(chat('Anna is 30 years old.', { format: { kind: 'json-schema', schema }, maxTokens: 64 })),
    )
    expect(JSON.parse(text)).toEqual({ name: expect.any(String), age: expect.any(Number) })
  })

  it('keeps to a grammar', async () => {
    const format = { kind: 'gbnf', grammar: 'root ::= "red" | "green"' } as const
    const { text } = await answerOf(runner.start(chat('What colour is grass?', { format })))
    expect(['red', 'green']).toContain(text)
  })

  it.each([
    ['a broken grammar', { format: { kind: 'gbnf', grammar: 'root ::= (' } as const }],
    ['a schema that is none', { format: { kind: 'json-schema', schema: { type: 'strange' } } as const }],
    [
      'a template that fails',
      {
        prompt: {
          kind: 'messages',
          messages: [user('Hello')],
          template: { language: 'jinja', source: "{{ raise_exception('no') }}" },
        } as const,
      },
    ],
    ['no messages', { prompt: { kind: 'messages', messages: [] } as const }],
  ])('refuses %s as a bad job, and goes on', async (_what, more) => {
    await expect(answerOf(runner.start(chat('Hello', more)))).rejects.toMatchObject({
      name: 'BackendError',
      code: 'bad-job',
    })
    await answerOf(runner.start(chat('Hello', { maxTokens: 1 })))
  })

  it('goes on from the tokens of an earlier turn', async () => {
    const first = await answerOf(runner.start(raw('One two three', { returnTokens: true, maxTokens: 4 })))
    const after = first.finished.context!
    const prompt = { kind: 'raw', text: '', after } as const
    const longer = await answerOf(runner.start(raw('One two three', { maxTokens: 8 })))
    const rest = await answerOf(runner.start(chat('', { prompt, maxTokens: 4 })))
    expect(after.length).toBe(first.finished.metrics.promptTokens + 4)
    expect(first.text + rest.text).toBe(longer.text)
  })

  it('goes on from any token that it has, and refuses all others as a bad job, by their place', async () => {
    // SmolLM2 has 49,152 tokens.
    for (const token of [-7, 0.5, NaN, 49_152, 99_999_999, 2_147_483_648_000]) {
      for (const kind of ['raw', 'messages'] as const) {
        await expect(answerOf(runner.start(goingOnFrom(token, kind)))).rejects.toMatchObject({
          code: 'bad-job',
          message: expect.stringMatching(/`context\[1\]`.* 49151, got/),
        })
      }
    }
    for (const token of [0, 49_151]) {
      expect((await answerOf(runner.start(goingOnFrom(token, 'raw')))).finished.reason).toBe('length')
    }
  })

  it('penalises what was said before', async () => {
    const again = 'again and again and again and again and'
    const plain = await answerOf(runner.start(raw(again, { maxTokens: 6 })))
    const fresh = await answerOf(
      runner.start(raw(again, { maxTokens: 6, sampling: { temperature: 0, repeatPenalty: 2 } })),
    )
    expect(plain.text).toContain('again')
    expect(fresh.text).not.toContain('again')
  })

  it('adds a bias to a token', async () => {
    const first = await answerOf(runner.start(raw('One two three', { returnTokens: true, maxTokens: 1 })))
    const token = first.finished.context!.at(-1)!
    const other = await answerOf(
      runner.start(
        raw('One two three', { maxTokens: 1, sampling: { temperature: 0, logitBias: { [token]: -100 } } }),
      ),
    )
    expect(other.text).not.toBe(first.text)
  })

  it('counts tokens without special ones', async () => {
    expect(await runner.countTokens('Hello world')).toBe(2)
    expect(await runner.countTokens('<|im_start|>')).toBeGreaterThan(1)
  })
})

describe('a context that is too short', () => {
  let backend: LlamaBackend
  beforeAll(async () => {
    backend = backendOver({ smollm2: await smollm2(), random: await randomGguf() })
  })
  const LONG = 'one two three four five six seven eight nine ten '.repeat(40)

  it('drops the oldest turns, never the system prompt or the last turn', () =>
    withRunner(backend, 'smollm2', { contextLength: 256 }, async (runner) => {
      const prompt = messages(
        HELPFUL,
        user(LONG),
        { role: 'assistant', content: 'Yes.' },
        user('What is the capital of France?'),
      )
      const { text, finished } = await answerOf(runner.start(chat('', { prompt })))
      expect(finished.metrics.promptTokens).toBe(27)
      expect(text).toContain('Paris')

      await expect(
        answerOf(runner.start(chat('', { prompt, overflow: { prompt: 'fail', answer: 'stop' } }))),
      ).rejects.toMatchObject({ code: 'context-overflow' })
    }))

  it('drops the beginning of a last turn that is too long by itself', () =>
    withRunner(backend, 'smollm2', { contextLength: 256 }, async (runner) => {
      const asked = messages(HELPFUL, user(`${LONG} 🦩 What is the capital of France?`))
      const one = { maxTokens: 1, returnTokens: true }
      const { finished } = await answerOf(runner.start(chat('', { prompt: asked, ...one })))
      const { promptTokens } = finished.metrics
      expect(promptTokens).toBeGreaterThan(200)
      expect(promptTokens).toBeLessThanOrEqual(255)
      const short = messages(HELPFUL, user('What is the capital of France?'))
      const { finished: whole } = await answerOf(runner.start(chat('', { prompt: short, ...one })))
      // Both end alike, with the question, and begin alike, with the system prompt.
      const [cut, plain] = [finished, whole].map(({ context, metrics }) =>
        context!.slice(0, metrics.promptTokens),
      )
      expect(cut!.slice(-10)).toEqual(plain!.slice(-10))
      expect(cut!.slice(0, 10)).toEqual(plain!.slice(0, 10))
      const fail = { overflow: { prompt: 'fail', answer: 'stop' } } as const
      await expect(answerOf(runner.start(chat('', { prompt: asked, ...fail })))).rejects.toMatchObject({
        code: 'context-overflow',
      })
      // There is no question that could be shorter.
      const system = messages({ role: 'system', content: LONG }, user('Yes?'))
      await expect(answerOf(runner.start(chat('', { prompt: system })))).rejects.toMatchObject({
        code: 'context-overflow',
      })
    }))

  it('keeps the end of a text, up to the whole context', () =>
    withRunner(backend, 'random', { contextLength: 256 }, async (runner) => {
      const overflow = { prompt: 'truncate', answer: 'stop', keep: 4 } as const
      const { finished } = await answerOf(runner.start(raw(LONG, { overflow, maxTokens: 100 })))
      expect(finished.metrics.promptTokens).toBe(255)
      // There was room for one token more.
      expect(finished.reason).toBe('length')
      expect(finished.metrics.decodedTokens).toBe(1)
    }))

  it.each([1, 2, 4])('of %d tokens still gives every token that was asked for', (contextLength) =>
    withRunner(backend, 'random', { contextLength }, async (runner) => {
      const overflow = { prompt: 'truncate', answer: 'shift', keep: 4 } as const
      const { finished } = await answerOf(runner.start(raw(LONG, { overflow, maxTokens: 40 })))
      expect(finished.metrics.promptTokens).toBe(contextLength)
      expect(finished.metrics.decodedTokens).toBe(40)
    }),
  )

  it('forgets the oldest part of an answer and goes on, if it may', () =>
    withRunner(backend, 'random', { contextLength: 256 }, async (runner) => {
      const stop = { prompt: 'truncate', answer: 'stop' } as const
      const shift = { prompt: 'truncate', answer: 'shift', keep: 2 } as const
      const long = { maxTokens: 600 }
      const stopped = await answerOf(runner.start(raw('one two three', { ...long, overflow: stop })))
      const shifted = await answerOf(runner.start(raw('one two three', { ...long, overflow: shift })))
      const { metrics, reason } = stopped.finished
      expect(reason).toBe('length')
      expect(metrics.promptTokens + metrics.decodedTokens).toBe(256)
      expect(shifted.finished.metrics.decodedTokens).toBe(600)
      expect(shifted.text.startsWith(stopped.text)).toBe(true)
    }))
})
