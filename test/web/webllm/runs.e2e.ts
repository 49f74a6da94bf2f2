import type { JSHandle } from '@playwright/test'
import { expect, test } from '../fixtures/index.js'
import type * as Module from './lab.js'
import { toyFiles, whyNoWebModels } from './models.js'

const LAB = new URL('lab.ts', import.meta.url)

test.beforeAll(async () => {
  const why = await whyNoWebModels()
  test.skip(why !== undefined, why)
})

/** About 400 tokens, several chunks of a prompt on a software adapter. */
const LONG = 'word '.repeat(80)

test('answers as asked: seeds, limits, stop texts, forms, scores, what does not fit', async ({
  openLab,
  complaints,
}) => {
  // WebLLM's grammar compiler says on the console what it throws.
  complaints.allow(/grammar_parser|Aborted/)
  const { lab } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  expect(await lab.evaluate((module) => module.load('toy'))).toMatchObject({ code: null })

  await test.step('the same seed gives the same text, another one another', async () => {
    const [first, again, other] = await lab.evaluate(async (module) => {
      const ask = (seed: number) => module.ask('Tell', { maxTokens: 24, sampling: { temperature: 1, seed } })
      return [(await ask(70_001)).text, (await ask(70_001)).text, (await ask(91_234)).text]
    })
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  await test.step('top-k 1 is greedy at any temperature, and min-p 1 too', async () => {
    const [greedy, topK, minP] = await lab.evaluate(async (module) => [
      (await module.ask('Hello', { maxTokens: 6 })).text,
      (await module.ask('Hello', { maxTokens: 6, sampling: { temperature: 3, topK: 1 } })).text,
      (await module.ask('Hello', { maxTokens: 6, sampling: { temperature: 3, minP: 1 } })).text,
    ])
    expect(topK).toBe(greedy)
    expect(minP).toBe(greedy)
  })

  await test.step('nothing of a stop text comes out, however its parts come', async () => {
    const whole = await lab.evaluate((module) => module.ask('Hello', { maxTokens: 12 }))
    const stop = whole.text.slice(3, 7)
    const cut = await lab.evaluate(
      (module, text) => module.ask('Hello', { maxTokens: 12, stop: [text] }),
      stop,
    )
    expect(cut).toMatchObject({ text: whole.text.slice(0, whole.text.indexOf(stop)), reason: 'stop' })
    const never = await lab.evaluate(
      (module, text) => module.ask('Hello', { maxTokens: 12, stop: [`${text}\u0000`] }),
      whole.text.slice(-3),
    )
    expect(never).toMatchObject({ text: whole.text, reason: 'length' })
  })

  await test.step('an answer has the form that a schema gives it', async () => {
    const schema = {
      type: 'object',
      properties: { size: { enum: ['small', 'large'] }, whole: { type: 'boolean' } },
      required: ['size', 'whole'],
      additionalProperties: false,
    }
    const { text, reason } = await lab.evaluate(
      (module, wanted) =>
        module.ask('', {
          prompt: { kind: 'messages', messages: [{ role: 'user', content: 'How?' }] },
          format: { kind: 'json-schema', schema: wanted },
          // White space is allowed between all parts, and a random model may write nothing else.
          sampling: { temperature: 1, seed: 70_001, frequencyPenalty: 2 },
          maxTokens: 300,
        }),
      schema,
    )
    expect(reason).toBe('stop')
    expect(JSON.parse(text)).toEqual({
      size: expect.stringMatching(/^(small|large)$/),
      whole: expect.any(Boolean),
    })
  })

  await test.step('a grammar that is none is the job’s fault, and the next job runs', async () => {
    const bad = await lab.evaluate((module) =>
      module.ask('', {
        prompt: { kind: 'messages', messages: [{ role: 'user', content: 'How?' }] },
        format: { kind: 'gbnf', grammar: 'this is no grammar ::=' },
      }),
    )
    expect(bad).toMatchObject({ end: 'failed', code: 'bad-job' })
    const good = await lab.evaluate((module) =>
      module.ask('', {
        prompt: { kind: 'messages', messages: [{ role: 'user', content: 'How?' }] },
        format: { kind: 'gbnf', grammar: 'root ::= "yes" | "no"' },
      }),
    )
    expect(good.end).toBe('finished')
    expect(['yes', 'no']).toContain(good.text)
  })

  await test.step('log-probabilities are those before temperature, and add up', async () => {
    const { pieces } = await lab.evaluate((module) =>
      module.ask('Hello', { maxTokens: 3, logprobs: { top: 320 }, sampling: { temperature: 0 } }),
    )
    const scores = pieces.flatMap((piece) => (piece.type === 'text' ? (piece.logprobs ?? []) : []))
    expect(scores).toHaveLength(3)
    for (const { logprob, top, bytes } of scores) {
      expect(top).toHaveLength(320)
      expect(top.reduce((sum, other) => sum + Math.exp(other.logprob), 0)).toBeCloseTo(1, 3)
      expect(top[0]?.logprob).toBe(logprob)
      expect(logprob).toBeLessThan(0)
      expect(bytes.length).toBeGreaterThan(0)
    }
  })

  await test.step('a job set aside goes on with the same random numbers', async () => {
    const options = { maxTokens: 12, sampling: { temperature: 1, seed: 4711 } }
    const whole = await lab.evaluate((module, wanted) => module.ask('Park', wanted), options)
    expect(await lab.evaluate((module, wanted) => module.parkAndGoOn('Park', 4, wanted), options)).toBe(
      whole.text,
    )
  })

  await test.step('the oldest turns are left out of what is too long, and the last never', async () => {
    const messages = [
      { role: 'system' as const, content: 'Be brief.' },
      turn('user', LONG),
      turn('assistant', 'Yes.'),
      turn('user', LONG),
      turn('assistant', 'No.'),
      turn('user', 'And now?'),
    ]
    const asked = (overflow: 'truncate' | 'fail') =>
      lab.evaluate(
        (module, job) =>
          module.ask('', {
            prompt: { kind: 'messages', messages: job.messages },
            overflow: { prompt: job.overflow, answer: 'stop' },
            maxTokens: 2,
          }),
        { messages, overflow },
      )
    expect(await asked('fail')).toMatchObject({ end: 'failed', code: 'context-overflow' })
    const cut = await asked('truncate')
    expect(cut).toMatchObject({ end: 'finished', message: null })
    expect(cut.promptTokens).toBeLessThan(512)
    expect(cut.promptTokens).toBeGreaterThan(20)
    const alone = await lab.evaluate(
      (module, long) =>
        module.ask('', {
          prompt: { kind: 'messages', messages: [{ role: 'user', content: long }] },
          overflow: { prompt: 'truncate', answer: 'stop' },
        }),
      LONG.repeat(3),
    )
    expect(alone).toMatchObject({ end: 'failed', code: 'context-overflow' })
  })

  await test.step('an answer ends where the context does', async () => {
    const { reason, promptTokens, tokens } = await lab.evaluate((module) =>
      module.ask('x'.repeat(506), {
        maxTokens: 100,
        sampling: { temperature: 0, logitBias: { 0: -100, 2: -100 } },
      }),
    )
    expect(reason).toBe('length')
    expect(promptTokens + tokens).toBeLessThanOrEqual(513)
  })

  await test.step('a second turn finds the first in the cache', async () => {
    const first = await turnOf(lab, [{ role: 'user', content: 'Hello' }])
    expect(first.cachedTokens).toBe(0)
    // What WebLLM keeps is an answer that the model has ended by itself.
    if (first.reason !== 'stop') return
    const second = await turnOf(lab, [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: first.text },
      { role: 'user', content: 'More' },
    ])
    expect(second.cachedTokens).toBeGreaterThan(0)
  })

  await test.step('what WebLLM cannot do is said', async () => {
    const tools = [{ name: 'weather', parameters: { type: 'object' } }]
    const refused = await lab.evaluate(
      (module, wanted) =>
        module.ask('', {
          prompt: { kind: 'messages', messages: [{ role: 'user', content: 'a' }], tools: wanted },
        }),
      tools,
    )
    expect(refused).toMatchObject({ end: 'failed', code: 'unsupported' })
  })

  expect(await lab.evaluate((module) => module.countTokens('one two'))).toBeGreaterThan(1)
})

test('cancels at a prompt’s chunk and in decode, and tells progress of both', async ({ openLab }) => {
  const { lab } = await openLab<typeof Module>(LAB, { files: await toyFiles() })
  await lab.evaluate((module) => module.begin(['toy']))
  await lab.evaluate((module) => module.load('toy'))

  const inPrompt = await lab.evaluate((module, text) => {
    module.start(text, { maxTokens: 4 })
    module.when('prompt', 'cancel')
    return module.answer()
  }, LONG)
  expect(inPrompt).toMatchObject({ end: 'cancelled', code: 'aborted', tokens: 0 })
  const reached = inPrompt.progress.findLast((report) => report.phase === 'prompt')!
  expect(reached.phase === 'prompt' && reached.tokens < reached.of).toBe(true)

  const inDecode = await lab.evaluate((module) => {
    module.start('Hello', { maxTokens: 200 })
    module.when('decode', 'cancel')
    return module.answer()
  })
  expect(inDecode).toMatchObject({ end: 'cancelled', code: 'aborted' })
  expect(inDecode.tokens).toBeLessThan(200)

  const next = await lab.evaluate((module, text) => module.ask(text, { maxTokens: 2 }), LONG)
  expect(next.end).toBe('finished')
  const chunks = next.progress.filter((report) => report.phase === 'prompt')
  expect(chunks.length).toBeGreaterThan(1)
  expect(chunks.at(-1)).toMatchObject({ tokens: next.promptTokens, of: next.promptTokens })
})

function turn(role: 'user' | 'assistant', content: string): { role: 'user' | 'assistant'; content: string } {
  return { role, content }
}

async function turnOf(
  lab: JSHandle<typeof Module>,
  messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[],
): Promise<Module.Answer> {
  return lab.evaluate(
    (module, turns) =>
      module.ask('', {
        prompt: { kind: 'messages', messages: turns },
        maxTokens: 60,
        // The tokens that end an answer, made likely.
        sampling: { temperature: 0, logitBias: { 2: 8 } },
      }),
    messages,
  )
}
