import type { Piece, Runner } from '@berth/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LlamaRunner } from '../../../apps/server/src/llama/index.js'
import { embedTexts } from '../../../apps/server/src/llama/embed-texts.js'
import { randomBert, randomGguf } from '../../models/index.js'
import { answerOf, backendOver, load, raw, withRunner } from './harness.js'

const embedWith = async (runner: Runner, inputs: readonly string[], truncate = true) => {
  const { pieces } = await answerOf(runner.start({ kind: 'embed', inputs, truncate }))
  return pieces.filter((piece): piece is Extract<Piece, { type: 'embedding' }> => piece.type === 'embedding')
}

/** A token each, and the two that the model wants around a text. */
const ofTokens = (count: number) => 'boat '.repeat(count - 2)

const textsOf = (values: Record<string, number | boolean>) =>
  embedTexts({
    values: {
      'general.architecture': 'x',
      ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`x.${key}`, value])),
    },
    lengths: {},
    tensors: [],
  })

describe('embeddings', () => {
  let runner: LlamaRunner
  beforeAll(async () => {
    const path = await randomGguf({ pooling: 'mean', embedding: 128 })
    runner = await load(backendOver({ model: path }), 'model', {
      purpose: 'embed',
      slots: 2,
      contextLength: 256,
    })
  })
  afterAll(() => runner.stop('now'))

  const embed = async (inputs: readonly string[], truncate = true) =>
    await embedWith(runner, inputs, truncate)

  it('have the length of the model and are the same for the same text', async () => {
    const [first, other, again] = await embed(['one', 'two', 'one'])
    expect(first!.vector).toHaveLength(128)
    expect(again!.vector).toEqual(first!.vector)
    expect(other!.vector).not.toEqual(first!.vector)
  })

  it('are the same in every slot, at the same time', async () => {
    const [[left], [right]] = await Promise.all([embed(['one two three']), embed(['one two three'])])
    expect(right!.vector).toEqual(left!.vector)
  })

  it('count their tokens, and cut what is too long if they may', async () => {
    const long = 'one two three four five six seven eight nine ten '.repeat(40)
    const [cut] = await embed([long])
    expect(cut!.tokens).toBe(255)
    await expect(embed([long], false)).rejects.toMatchObject({ code: 'context-overflow' })
    expect(await embed(['one'], false)).toHaveLength(1)
  })

  it('stop between two texts when cancelled', async () => {
    const run = runner.start({
      kind: 'embed',
      inputs: Array.from({ length: 500 }, () => 'one two'),
      truncate: true,
    })
    const reading = run.pieces[Symbol.asyncIterator]()
    await reading.next()
    run.cancel()
    expect((await run.slotFree).how).toBe('cancelled')
  })

  it('take the memory that the budget foresaw, whatever the type of their KV cache', async () => {
    const path = await randomGguf({ pooling: 'mean', layers: 8, heads: 4, kvHeads: 4, headSize: 64 })
    const taken: number[] = []
    for (const kvType of ['f16', 'q8_0'] as const) {
      const wish = { purpose: 'embed', slots: 2, contextLength: 4_096, kvType } as const
      await withRunner(backendOver({ model: path }), 'model', wish, async (own) => {
        own.onMemory(([ram]) => taken.push(ram!.bytes))
        const foreseen = own.spec.placement.bytes[0]!.bytes
        expect(Math.abs(taken.at(-1)! / foreseen - 1)).toBeLessThan(0.05)
        await answerOf(own.start({ kind: 'embed', inputs: ['one two'], truncate: true }))
      })
    }
    // Two contexts of 8 layers: 4,096 tokens of keys and values, whose 8 bits take 34 bytes for 32.
    const [f16, q8] = taken
    const values = 2 * 8 * 4_096 * 2 * (4 * 64)
    expect(f16! - q8!).toBeGreaterThan(0.9 * values * (2 - 34 / 32))
  })

  it('refuse an empty text, and a model loaded for them refuses to generate', async () => {
    await expect(embed([''])).rejects.toMatchObject({ code: 'bad-job' })
    await expect(answerOf(runner.start(raw('Hello')))).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('an encoder of BERT’s kind', () => {
  let runner: LlamaRunner
  beforeAll(async () => {
    runner = await load(backendOver({ model: await randomBert({ context: 128 }) }), 'model', {
      purpose: 'embed',
      slots: 2,
      contextLength: 128,
    })
  })
  afterAll(() => runner.stop('now'))

  it('makes of a text the same vector alone, among others, and at the same time as others', async () => {
    const [alone] = await embedWith(runner, ['the boat'])
    const others = ['one two three', 'the boat', 'the sea', 'the boat']
    const [among, beside] = await Promise.all([embedWith(runner, others), embedWith(runner, ['the boat'])])
    expect(alone!.vector).toHaveLength(64)
    expect([among[1]!.vector, among[3]!.vector, beside[0]!.vector]).toEqual([
      alone!.vector,
      alone!.vector,
      alone!.vector,
    ])
    expect(among[2]!.vector).not.toEqual(alone!.vector)
    // Mean of vectors that look both ways: the order of the words counts.
    const [turned] = await embedWith(runner, ['boat the'])
    expect(turned!.vector).not.toEqual(alone!.vector)
  })

  it('takes texts up to what it was trained for, and cuts longer ones to that if it may', async () => {
    const [longest, cut] = await embedWith(runner, [ofTokens(128), ofTokens(300)])
    expect([longest!.tokens, cut!.tokens]).toEqual([128, 128])
    expect(cut!.vector).toEqual(longest!.vector)
    expect(await embedWith(runner, [ofTokens(128)], false)).toHaveLength(1)
    await expect(embedWith(runner, [ofTokens(129)], false)).rejects.toMatchObject({
      code: 'context-overflow',
      message: expect.stringContaining('has 129 tokens, but the context has room for 128'),
    })
  })

  it.each(['mean', 'cls'] as const)('takes the memory that the budget foresaw (%s)', async (pooling) => {
    const shape = { layers: 6, embedding: 384, heads: 12, ffn: 1_536, context: 512, pooling }
    const backend = backendOver({ model: await randomBert(shape) })
    const wish = { purpose: 'embed', slots: 2, contextLength: 512 } as const
    await withRunner(backend, 'model', wish, async (own) => {
      let taken = NaN
      own.onMemory(([ram]) => (taken = ram!.bytes))
      const { overhead } = own.spec.placement.parts[0]!
      const foreseen = own.spec.placement.bytes[0]!.bytes - overhead
      expect(Math.abs(foreseen / (taken - overhead) - 1)).toBeLessThan(0.1)
      expect(await embedWith(own, ['the boat'])).toHaveLength(1)
    })
  })
})

describe('a text to embed is read', () => {
  it.each([
    ['an encoder', { 'attention.causal': false, context_length: 512 }, 512, 512],
    ['an encoder for long texts', { 'attention.causal': false, context_length: 100_000 }, 8_192, 4_096],
    ['the mean of all tokens', { context_length: 2_048, pooling_type: 1 }, 2_048, 2_048],
    ['the last token', { context_length: 2_048, pooling_type: 3 }, 512, 4_095],
    ['a chat model', { context_length: 2_048 }, 512, 4_095],
  ])('at once or in parts: %s', (_, values, batch, limit) => {
    const texts = textsOf(values)
    expect([texts.batchSize, texts.limit(4_096)]).toEqual([batch, limit])
  })

  it('in parts to the same vector as at once', async () => {
    // 600 tokens and more are two calls for a model that tells by its last token.
    const text = 'one two three four five six seven eight nine ten '.repeat(60)
    const backend = backendOver({ model: await randomGguf({ pooling: 'last' }) })
    await withRunner(backend, 'model', { purpose: 'embed', contextLength: 2_048 }, async (runner) => {
      const [whole] = await embedWith(runner, [text], false)
      expect(whole!.tokens).toBeGreaterThan(600)
      const [shorter] = await embedWith(runner, [text.slice(0, 40)], false)
      expect(shorter!.vector).not.toEqual(whole!.vector)
    })
  })
})
