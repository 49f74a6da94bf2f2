import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '@berth/scheduler'
import type { LlamaRunner } from '../../../apps/server/src/llama/index.js'
import { isLlamaParked } from '../../../apps/server/src/llama/llama-run.js'
import { randomGguf, smollm2 } from '../../models/index.js'
import { answerOf, backendOver, chat, load, raw } from './harness.js'

const messages = (...turns: Message[]) => ({ kind: 'messages', messages: turns }) as const

describe('a conversation that is longer than its context', () => {
  const CONTEXT = 128
  let runner: LlamaRunner
  beforeAll(async () => {
    runner = await load(backendOver({ smollm2: await smollm2() }), 'smollm2', { contextLength: CONTEXT })
  })
  afterAll(() => runner.stop('now'))

  it('goes on turn after turn, knowing its system prompt and the last question', async () => {
    const history: Message[] = [{ role: 'system', content: 'You are a helpful assistant.' }]
    for (let turn = 0; turn < 7; turn++) {
      history.push({ role: 'user', content: 'What is the capital of France?' })
      const { text, finished } = await answerOf(runner.start(chat('', { prompt: messages(...history) })))
      expect(finished.metrics.promptTokens).toBeLessThan(CONTEXT)
      expect(text).toContain('Paris')
      history.push({ role: 'assistant', content: text }, { role: 'user', content: 'Tell me a story.' })
      history.push({ role: 'assistant', content: 'The quick brown fox jumps over the lazy dog. '.repeat(5) })
    }
    // All of it would not fit by far.
    expect(await runner.countTokens(history.map(({ content }) => content).join('\n'))).toBeGreaterThan(
      4 * CONTEXT,
    )
  })
})

describe('an answer that is longer than its context', () => {
  const CONTEXT = 64
  const PROMPT = 'one two three four five six seven eight nine ten'
  let runner: LlamaRunner
  beforeAll(async () => {
    runner = await load(backendOver({ random: await randomGguf() }), 'random', { contextLength: CONTEXT })
  })
  afterAll(() => runner.stop('now'))

  it.each([0, 4, 20])('keeps its first %d tokens and the last ones, whatever is forgotten', async (keep) => {
    const overflow = { prompt: 'truncate', answer: 'shift', keep } as const
    const run = runner.start(raw(PROMPT, { overflow, maxTokens: 100_000 }))
    await new Promise<void>((resolve) => {
      const listening = run.onProgress((progress) => {
        if (progress.phase !== 'decode' || progress.tokens < 3 * CONTEXT) return
        listening[Symbol.dispose]()
        resolve()
      })
    })
    const parked = await run.park()
    if (!isLlamaParked(parked)) throw new Error('Expected a job parked by the llama backend')
    const { prompt, answer, context } = parked.state
    await parked.dispose()
    expect(answer.length).toBeGreaterThanOrEqual(3 * CONTEXT)
    expect(context.length).toBeLessThanOrEqual(CONTEXT)
    const all = [...prompt, ...answer]
    expect(context.slice(0, keep)).toEqual(all.slice(0, keep))
    // The older half of what may go goes: at least so many of the last are there.
    const last = Math.floor((CONTEXT - keep) / 2) - 1
    expect(context.slice(-last)).toEqual(all.slice(-last))
    // And something was forgotten between.
    expect(context.length).toBeLessThan(all.length)
  })

  it('ends at the limit of tokens, shifting as often as it takes', async () => {
    const overflow = { prompt: 'truncate', answer: 'shift', keep: 4 } as const
    const { finished } = await answerOf(runner.start(raw(PROMPT, { overflow, maxTokens: 10 * CONTEXT })))
    expect(finished).toMatchObject({ reason: 'length', metrics: { decodedTokens: 10 * CONTEXT } })
    const stop = { prompt: 'truncate', answer: 'stop' } as const
    const { finished: full } = await answerOf(runner.start(raw(PROMPT, { overflow: stop, maxTokens: 640 })))
    expect(full.reason).toBe('length')
    // The last token is drawn and needs no place any more.
    expect(full.metrics.promptTokens + full.metrics.decodedTokens).toBe(CONTEXT + 1)
  })
})
