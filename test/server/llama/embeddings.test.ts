import type { Piece } from '@berth/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LlamaRunner } from '../../../apps/server/src/llama/index.js'
import { randomGguf } from '../../models/index.js'
import { answerOf, backendOver, load, raw, withRunner } from './harness.js'

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

  const embed = async (inputs: readonly string[], truncate = true) => {
    const { pieces } = await answerOf(runner.start({ kind: 'embed', inputs, truncate }))
    return pieces.filter(
      (piece): piece is Extract<Piece, { type: 'embedding' }> => piece.type === 'embedding',
    )
  }

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
