import { beforeAll, describe, expect, it } from 'vitest'
import type { LlamaBackend } from '../../../apps/server/src/llama/index.js'
import { randomGguf, smollm2 } from '../../models/index.js'
import { type Answer, answerOf, backendOver, chat, raw, withRunner } from './harness.js'

const QUESTIONS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']
const job = (number: string) =>
  chat(`Tell me about the number ${number}.`, { maxTokens: 8, logprobs: { top: 1 } })

/**
 * The largest difference between a token's log-probability in a batch of eight and alone. Often it is 0; but
 * in other groups an engine may add its numbers, of 16 and 8 bits, in another order, and up to 0.2 was seen.
 */
const TOLERANCE = 0.5

describe('eight jobs at once', () => {
  let backend: LlamaBackend
  const alone: Answer[] = []
  beforeAll(async () => {
    backend = backendOver({ model: await smollm2() })
    await withRunner(backend, 'model', {}, async (runner) => {
      for (const number of QUESTIONS) alone.push(await answerOf(runner.start(job(number))))
    })
  })

  it('give in one slot, one after the other, what they give alone', () =>
    withRunner(backend, 'model', {}, async (runner) => {
      for (const [at, number] of QUESTIONS.toReversed().entries()) {
        const { text, logprobs } = await answerOf(runner.start(job(number)))
        expect(text).toBe(alone[7 - at]!.text)
        expect(logprobs).toEqual(alone[7 - at]!.logprobs)
      }
    }))

  it('give in a batch of eight the same first tokens, nearly as likely', () =>
    withRunner(backend, 'model', { slots: 8 }, async (runner) => {
      const answers = await Promise.all(QUESTIONS.map((number) => answerOf(runner.start(job(number)))))
      for (const [at, { logprobs, finished }] of answers.entries()) {
        expect(finished.metrics.decodedTokens).toBe(alone[at]!.finished.metrics.decodedTokens)
        // From the first token that differs on, the two speak of different texts.
        for (const [index, token] of logprobs.entries()) {
          const other = alone[at]!.logprobs[index]!
          if (index === 0 || token.token === other.token) {
            expect(Math.abs(token.top[0]!.logprob - other.top[0]!.logprob)).toBeLessThan(TOLERANCE)
          }
          if (token.token !== other.token) break
        }
      }
    }))

  it('let another in while they work, though the engine is never idle', async () => {
    // What it says is of no matter, but it hardly ever ends by itself.
    const endless = backendOver({ random: await randomGguf() })
    await withRunner(endless, 'random', { slots: 3, contextLength: 2048 }, async (runner) => {
      const busy = ['one', 'two'].map((number) => runner.start(raw(number, { maxTokens: 2_000 })))
      const over = new Set<string>()
      for (const run of busy) void run.slotFree.then(({ how }) => over.add(how))
      const long = raw('one two three four five six seven eight nine ten '.repeat(20), { maxTokens: 4 })
      const sampling = { temperature: 1, topK: 1 }
      const first = await answerOf(runner.start({ ...long, sampling }))
      const again = await answerOf(runner.start({ ...long, sampling }))
      expect(again.finished.metrics.cachedTokens).toBe(first.finished.metrics.promptTokens - 1)
      expect(over).toEqual(new Set())
      for (const run of busy) run.cancel()
      for (const run of busy) expect((await run.slotFree).how).toBe('cancelled')
    })
  })
})
