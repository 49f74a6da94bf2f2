import type { GenerateJob, Piece } from '@berth/scheduler'
import type { JSHandle } from '@playwright/test'
import { randomGguf, smollm2 } from '../../models/index.js'
import { expect, test, type FileServer } from '../fixtures/index.js'
import type { LabAnswer, LoadWish } from './lab-worker.js'
import type * as Module from './lab.js'
import { ggufModels, mounted } from './models.js'

const LAB = new URL('lab.ts', import.meta.url)

/** A question for the model's chat template, at temperature 0. */
function chat(question: string, more: Partial<GenerateJob> = {}): GenerateJob {
  return {
    kind: 'generate',
    prompt: { kind: 'messages', messages: [{ role: 'user', content: question }] },
    sampling: { temperature: 0 },
    maxTokens: 16,
    stop: [],
    overflow: { prompt: 'truncate', answer: 'stop' },
    ...more,
  }
}

function raw(text: string, more: Partial<GenerateJob> = {}): GenerateJob {
  return chat('', { prompt: { kind: 'raw', text }, ...more })
}

function finished({ pieces }: LabAnswer): Extract<Piece, { type: 'finished' }> {
  const last = pieces.at(-1)
  if (last?.type !== 'finished') throw new Error('Expected a finished piece at the end')
  return last
}

function load(lab: JSHandle<typeof Module>, wish: LoadWish = {}): Promise<unknown> {
  return lab.evaluate(async ({ inWorker }, how): Promise<unknown> => inWorker.load('model', how), wish)
}

function ask(lab: JSHandle<typeof Module>, job: GenerateJob, cancelAt?: number): Promise<LabAnswer> {
  return lab.evaluate(({ inWorker }, [what, at]) => inWorker.ask('model', what, at), [job, cancelAt] as const)
}

function count(lab: JSHandle<typeof Module>, text: string): Promise<number> {
  return lab.evaluate(({ inWorker }, each) => inWorker.countTokens('model', each), text)
}

function asked({ requests }: FileServer): readonly string[] {
  return requests.filter((line) => line.includes('.gguf'))
}

function seeded(seed: number): GenerateJob {
  return raw('Once upon a time', { sampling: { temperature: 1.5, seed }, maxTokens: 12 })
}

const FRANCE = 'What is the capital of France?'

// One page with one model for many questions: what takes time is to fetch and to load it.
test('SmolLM2 answers in WebAssembly as on the server', async ({ openLab }) => {
  const files = { model: await smollm2() }
  const { lab, server } = await openLab<typeof Module>(LAB, { files: mounted(files) })
  await lab.evaluate(({ inWorker }, these) => inWorker.setModels(these), await ggufModels(files, server))

  await test.step('it is fetched in parts that are kept, read and asked for a first token', async () => {
    const stages = await load(lab, { slots: 2, contextLength: 512 })
    expect(stages).toEqual(['fetching', 'starting', 'reading', 'checking'])
    const stored = await lab.evaluate(({ inWorker }) => inWorker.stored('model'))
    expect(Object.keys(stored)).toHaveLength(3)
    expect(Object.values(stored)).toEqual([true, true, true])
    const ranges = server.requests.filter((line) => line.startsWith('GET /model.gguf'))
    expect(ranges.every((line) => line.includes('bytes='))).toBe(true)
  })

  await test.step('it takes what the budget thought', async () => {
    const { estimated, measured } = await lab.evaluate(({ inWorker }) => inWorker.memory('model'))
    expect(measured).toBeGreaterThan(100e6)
    expect(Math.abs(measured - estimated) / measured).toBeLessThan(0.01)
  })

  await test.step('two questions at a time: one is of the capital of France', async () => {
    const [one, two] = await Promise.all([
      ask(lab, chat(FRANCE)),
      ask(lab, chat('Say hello.', { maxTokens: 6 })),
    ])
    expect(one.text).toContain('Paris')
    expect(finished(one).reason).toBe('stop')
    expect(finished(one).metrics).toMatchObject({ promptTokens: 37, cachedTokens: 0 })
    expect(finished(one).metrics.decodedTokens).toBeGreaterThan(3)
    expect(finished(one).metrics.decodeMs).toBeGreaterThan(0)
    expect(finished(two)).toMatchObject({ reason: expect.stringMatching(/stop|length/) })
    expect(two.text).not.toContain('Paris')
  })

  await test.step('asked again, it does not read the question again; log-probabilities come with every token', async () => {
    const answer = await ask(lab, chat(FRANCE, { logprobs: { top: 3 }, maxTokens: 4 }))
    expect(finished(answer).metrics.cachedTokens).toBeGreaterThan(30)
    const scores = answer.pieces.flatMap((piece) => (piece.type === 'text' ? (piece.logprobs ?? []) : []))
    expect(scores).toHaveLength(4)
    expect(scores.map(({ token }) => token).join('')).toBe(answer.text)
    for (const { logprob, top, bytes } of scores) {
      expect(logprob).toBeLessThanOrEqual(0)
      expect(top).toHaveLength(3)
      expect(top[0]?.logprob).toBe(logprob)
      expect(bytes.length).toBeGreaterThan(0)
    }
  })

  await test.step('it counts tokens', async () => {
    expect(await count(lab, '')).toBe(0)
    expect(await count(lab, 'Hello world')).toBe(2)
    expect(await count(lab, '<|im_start|>')).toBe(1)
  })

  await test.step('unloaded and loaded again it reads what is stored; a part that is missing is fetched, and only that', async () => {
    await lab.evaluate(({ inWorker }) => inWorker.unload('model'))
    const before = asked(server).length
    expect(await load(lab, { contextLength: 256 })).toEqual(['starting', 'reading', 'checking'])
    expect(asked(server)).toHaveLength(before)
    await lab.evaluate(({ inWorker }) => inWorker.unload('model'))
    const [, second = ''] = Object.keys(await lab.evaluate(({ inWorker }) => inWorker.stored('model')))
    await lab.evaluate(({ inWorker }, name) => inWorker.deleteFile('model', name), second)
    expect(await load(lab, { contextLength: 256, threads: 2 })).toEqual([
      'fetching',
      'starting',
      'reading',
      'checking',
    ])
    expect(asked(server)).toHaveLength(before + 1)
  })
})

// Random weights: what it says is of no matter here.
test('what a job asks for is done, or refused by name', async ({ openLab, complaints }) => {
  complaints.allow(/invalid UTF-8|typed array length/)
  const files = { model: await randomGguf() }
  const { lab, server } = await openLab<typeof Module>(LAB, { files: mounted(files) })
  await lab.evaluate(({ inWorker }, these) => inWorker.setModels(these), await ggufModels(files, server))
  await load(lab, { slots: 2, contextLength: 512 })

  await test.step('a seed', async () => {
    const first = await ask(lab, seeded(7))
    expect((await ask(lab, seeded(7))).text).toBe(first.text)
    expect((await ask(lab, seeded(8))).text).not.toBe(first.text)
  })

  await test.step('a form', async () => {
    const schema = { type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'] }
    const answer = await ask(lab, chat('?', { format: { kind: 'json-schema', schema }, maxTokens: 60 }))
    expect(answer.text).toMatch(/^\s*\{\s*"city"\s*:\s*"(Paris|Rome)"\s*\}\s*$/)
    const any = await ask(lab, chat('?', { format: { kind: 'json' }, maxTokens: 6 }))
    expect(any.text.trimStart().startsWith('{')).toBe(true)
    const yes = await ask(lab, chat('?', { format: { kind: 'gbnf', grammar: 'root ::= "yes" | "no"' } }))
    expect(['yes', 'no']).toContain(yes.text)
  })

  await test.step('what makes no sense is refused by name, and harms nobody else', async () => {
    const beside = ask(lab, raw('Once', { maxTokens: 40 }))
    const grammar = await ask(lab, chat('?', { format: { kind: 'gbnf', grammar: 'root ::= (((' } }))
    expect(grammar.error?.code).toBe('bad-job')
    const schema = await ask(
      lab,
      chat('?', { format: { kind: 'json-schema', schema: { $ref: '#/$defs/none' } } }),
    )
    expect(schema.error).toMatchObject({ code: 'bad-job', message: expect.stringContaining('#/$defs/none') })
    const tokens = await ask(lab, raw('a', { prompt: { kind: 'raw', text: 'a', after: [1, 2] } }))
    expect(tokens.error?.code).toBe('unsupported')
    const heat = await ask(lab, raw('a', { sampling: { temperature: Number.NaN } }))
    expect(heat.error).toMatchObject({ code: 'bad-job', message: expect.stringContaining('temperature') })
    expect((await beside).end).toBe('finished')
  })

  await test.step('a prompt that is too long is cut, or refused', async () => {
    const long = 'The weather is fine today and the birds sing. '.repeat(80)
    const overflow = { prompt: 'truncate', answer: 'stop', keep: 5 } as const
    const cut = await ask(lab, raw(long, { maxTokens: 4, overflow }))
    expect(finished(cut).metrics.promptTokens).toBeLessThanOrEqual(511)
    expect(finished(cut).metrics.promptTokens).toBeGreaterThan(500)
    const failed = await ask(lab, raw(long, { overflow: { prompt: 'fail', answer: 'stop' } }))
    expect(failed.error).toMatchObject({ code: 'context-overflow', message: expect.stringContaining('511') })
    const turns = Array.from({ length: 20 }, (_, at) => ({
      role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: `${at}: ${'many words of no importance '.repeat(8)}`,
    }))
    const messages = [...turns, { role: 'user' as const, content: FRANCE }]
    const chatted = await ask(lab, chat('', { prompt: { kind: 'messages', messages }, maxTokens: 2 }))
    expect(finished(chatted).metrics.promptTokens).toBeLessThanOrEqual(511)
  })

  await test.step('an answer that outgrows its context ends, or forgets and goes on', async () => {
    const words = 'The weather is fine today and the birds sing. '.repeat(6)
    const most = 511 - (await count(lab, words))
    expect(most).toBeGreaterThan(100)
    const ends = await ask(lab, raw(words, { overflow: { prompt: 'fail', answer: 'stop' }, maxTokens: 600 }))
    if (finished(ends).reason === 'length')
      expect(finished(ends).metrics.decodedTokens).toBeLessThanOrEqual(most)
    const grammar = 'root ::= "a" root'
    const endless = { format: { kind: 'gbnf', grammar }, maxTokens: most + 20 } as const
    const shifted = await ask(lab, raw(words, { ...endless, overflow: { prompt: 'fail', answer: 'shift' } }))
    expect(finished(shifted)).toMatchObject({ reason: 'length', metrics: { decodedTokens: most + 20 } })
  })

  await test.step('a job ends soon after it is cancelled, in its prompt and in its answer', async () => {
    const inPrompt = await ask(lab, raw('one two three four five six seven '.repeat(30)), 1)
    expect(inPrompt).toMatchObject({ end: 'cancelled', text: '', error: { code: 'aborted' } })
    const inAnswer = await ask(lab, raw('Once', { maxTokens: 400 }), 12)
    expect(inAnswer.end).toBe('cancelled')
    expect(inAnswer.metrics?.decodedTokens).toBeGreaterThan(0)
    expect(inAnswer.metrics?.decodedTokens).toBeLessThan(50)
    expect((await ask(lab, raw('Once', { maxTokens: 2 }))).end).toBe('finished')
  })
})
