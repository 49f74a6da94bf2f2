import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomBert, randomGguf } from '../../models/index.js'
import { post, startBerth, type BerthProcess } from './berth-process.js'

const LENGTH = 64
const CONTEXT = 128

let berth: BerthProcess
beforeAll(async () => {
  berth = await startBerth({
    files: {
      'bert.gguf': await randomBert({ embedding: LENGTH, context: CONTEXT }),
      'chat.gguf': await randomGguf(),
    },
  })
})
afterAll(async () => await berth[Symbol.asyncDispose]())

// oxlint-disable-next-line typescript/no-explicit-any -- what comes is what is being looked at
const ask = async (path: string, body: object): Promise<any> =>
  await (await post(berth.url + path, body)).json()
const status = async (path: string, body: object) => (await post(berth.url + path, body)).status
const embed = async (input: string | readonly string[], more: object = {}): Promise<number[][]> =>
  (await ask('/api/embed', { model: 'bert', input, ...more })).embeddings

/** So many tokens, with the two that the model wants around a text. */
const ofTokens = (count: number): string => 'boat '.repeat(count - 2).trim()
const near = (vector: readonly number[]) => vector.map((x) => expect.closeTo(x, 6))

describe('a model for embeddings alone', () => {
  it('says so in /api/show and /api/tags', async () => {
    expect(await ask('/api/show', { model: 'bert' })).toMatchObject({
      capabilities: ['embedding'],
      details: { family: 'bert', families: ['bert'], quantization_level: 'F16' },
      model_info: { 'bert.context_length': CONTEXT, 'bert.embedding_length': LENGTH },
    })
    const { models } = JSON.parse(await (await fetch(`${berth.url}/api/tags`)).text())
    expect(models.map(({ name, capabilities }: Record<string, unknown>) => [name, capabilities])).toEqual(
      expect.arrayContaining([
        ['bert:latest', ['embedding']],
        ['chat:latest', ['completion']],
      ]),
    )
  })

  it('gives a vector of length 1 for each text, the same alone and among others', async () => {
    const inputs = ['the boat', 'two ships and a sea', '', 'the boat', 'Ünïcödé!?']
    const all = await embed(inputs.filter((input) => input !== ''))
    const [alone] = await embed('the boat')
    expect(all.map((vector) => vector.length)).toEqual([LENGTH, LENGTH, LENGTH, LENGTH])
    for (const vector of all) expect(Math.hypot(...vector)).toBeCloseTo(1, 6)
    expect([all[0], all[2]]).toEqual([alone, alone])
    expect(all[1]).not.toEqual(alone)
  })

  it('takes many texts in one request, in their order', async () => {
    const inputs = Array.from({ length: 120 }, (_, index) => `boat ${index}`)
    const answer = await ask('/api/embed', { model: 'bert', input: inputs })
    expect(answer.embeddings).toHaveLength(120)
    expect(new Set(answer.embeddings.map(String)).size).toBe(120)
    const [last] = await embed('boat 119')
    expect(answer.embeddings[119]).toEqual(last)
    // Digits are a token each.
    expect(answer.prompt_eval_count).toBe(10 * 4 + 90 * 5 + 20 * 6)
  })

  it('has the first so many dimensions, of length 1 again', async () => {
    const [whole] = await embed('the boat')
    const [short] = await embed('the boat', { dimensions: 8 })
    expect(short).toHaveLength(8)
    expect(Math.hypot(...short!)).toBeCloseTo(1, 6)
    const kept = whole!.slice(0, 8)
    expect(short).toEqual(near(kept.map((x) => x / Math.hypot(...kept))))
  })

  it('cuts a text that is longer than its context, unless it may not', async () => {
    const [longest, cut] = await embed([ofTokens(CONTEXT), ofTokens(3 * CONTEXT)])
    expect(cut).toEqual(longest)
    expect(await embed(ofTokens(CONTEXT), { truncate: false })).toEqual([longest])
    const body = { model: 'bert', input: ['the boat', ofTokens(CONTEXT + 1)], truncate: false }
    expect(await status('/api/embed', body)).toBe(400)
    expect((await ask('/api/embed', body)).error).toMatch(
      /^the input length exceeds the context length: Input 1 has 129 tokens/,
    )
  })

  it('cuts to a context that is wished for, though it is loaded with more', async () => {
    const [boat, whole] = await embed(['the boat', 'the boat and the sea'])
    const num_ctx = 4
    expect(await embed('the boat and the sea', { options: { num_ctx } })).toEqual([boat])
    expect(boat).not.toEqual(whole)
    const body = { model: 'bert', input: 'the boat and the sea', options: { num_ctx }, truncate: false }
    expect((await ask('/api/embed', body)).error).toContain('has 7 tokens, but the context has room for 4')
    // The two tokens around a text are all that it has room for.
    expect((await ask('/api/embed', { ...body, options: { num_ctx: 2 }, truncate: true })).error).toContain(
      'input after truncation exceeds maximum context length',
    )
  })

  it('answers the older form with the vector as the model gives it', async () => {
    const { embedding } = await ask('/api/embeddings', { model: 'bert', prompt: 'the boat' })
    const [unit] = await embed('the boat')
    const norm = Math.hypot(...embedding)
    expect(norm).not.toBeCloseTo(1, 2)
    expect(embedding.map((x: number) => x / norm)).toEqual(near(unit!))
  })

  it('answers OpenAI’s form: a text, a list, base64, dimensions', async () => {
    const [boat, ship] = await embed(['the boat', 'a ship'])
    const one = await ask('/v1/embeddings', { model: 'bert', input: 'the boat' })
    expect(one).toMatchObject({
      object: 'list',
      model: 'bert',
      data: [{ object: 'embedding', index: 0, embedding: boat }],
      usage: { prompt_tokens: 4, total_tokens: 4 },
    })
    const list = await ask('/v1/embeddings', {
      model: 'bert',
      input: ['the boat', 'a ship'],
      encoding_format: 'base64',
    })
    const decoded = list.data.map(({ embedding }: { embedding: string }) => {
      const bytes = Buffer.from(embedding, 'base64')
      return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4))
    })
    expect(decoded).toEqual([near(boat!), near(ship!)])
    const short = await ask('/v1/embeddings', { model: 'bert', input: 'the boat', dimensions: 4 })
    expect(short.data[0].embedding).toHaveLength(4)
    expect(Math.hypot(...short.data[0].embedding)).toBeCloseTo(1, 6)
  })

  it('is refused what it cannot do, by name', async () => {
    const messages = [{ role: 'user', content: 'Hello' }]
    expect(await status('/api/chat', { model: 'bert', messages })).toBe(400)
    expect((await ask('/api/chat', { model: 'bert', messages })).error).toBe(
      '"bert:latest" does not support chat (it can: embedding)',
    )
    expect((await ask('/api/generate', { model: 'bert', prompt: 'Hello' })).error).toContain(
      'does not support generate',
    )
    expect((await ask('/v1/chat/completions', { model: 'bert', messages })).error).toMatchObject({
      type: 'invalid_request_error',
      message: expect.stringContaining('does not support chat'),
    })
  })
})

describe('a chat model', () => {
  it('makes vectors too, beside its answers, of texts up to its context', async () => {
    const { embeddings } = await ask('/api/embed', { model: 'chat', input: ['one', 'two'] })
    expect(embeddings.map((vector: number[]) => Math.hypot(...vector))).toEqual([
      expect.closeTo(1, 6),
      expect.closeTo(1, 6),
    ])
    const long = await ask('/api/embed', {
      model: 'chat',
      input: 'one two three four five '.repeat(120),
      truncate: false,
    })
    expect(long.prompt_eval_count).toBeGreaterThan(1_000)
    const chat = { model: 'chat', messages: [{ role: 'user', content: 'Hello' }], stream: false }
    expect(await ask('/api/chat', { ...chat, options: { num_predict: 2 } })).toMatchObject({ eval_count: 2 })
  })
})
