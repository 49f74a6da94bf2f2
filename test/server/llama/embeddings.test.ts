import type { Piece } from '@berth/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LlamaRunner } from '../../../apps/server/src/llama/index.js'
import { randomGguf } from '../../models/index.js'
import { answerOf, backendOver, load, raw } from './harness.js'

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

  it('refuse an empty text, and a model loaded for them refuses to generate', async () => {
    await expect(embed([''])).rejects.toMatchObject({ code: 'bad-job' })
    await expect(answerOf(runner.start(raw('Hello')))).rejects.toMatchObject({ code: 'unsupported' })
  })
})
