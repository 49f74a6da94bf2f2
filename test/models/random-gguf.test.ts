import { stat } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { randomGguf, type WeightType } from './index.js'

describe('randomGguf', () => {
  it('gives the same file for the same shape', async () => {
    const shape = { name: 'same', layers: 2, seed: 7 }
    expect(await randomGguf(shape)).toBe(await randomGguf({ ...shape }))
    expect(await randomGguf({ ...shape, seed: 8 })).not.toBe(await randomGguf(shape))
  })

  it.each<readonly [WeightType, number]>([
    ['F32', 4],
    ['F16', 2],
    ['Q8_0', 34 / 32],
    ['Q4_0', 18 / 32],
  ])('stores %s in %d bytes a weight', async (type, bytesPerWeight) => {
    const shape = { name: 'sized', layers: 3, embedding: 256, heads: 8, kvHeads: 2, ffn: 512, vocab: 2048 }
    const perLayer = 256 * 256 * 2 + 256 * 64 * 2 + 3 * 256 * 512
    const matrices = (2048 * 256 + 3 * perLayer) * bytesPerWeight
    const { size } = await stat(await randomGguf({ ...shape, type }))
    expect(size).toBeGreaterThan(matrices)
    expect(size).toBeLessThan(matrices + 200_000)
  })

  it('names the field of a shape that cannot be', async () => {
    await expect(randomGguf({ heads: 4, kvHeads: 3 })).rejects.toThrow(/`kvHeads`, got 4 and 3/)
    await expect(randomGguf({ embedding: 100, headSize: 32 })).rejects.toThrow(/`embedding`.*got 100/)
    await expect(randomGguf({ vocab: 100 })).rejects.toThrow(/`vocab`.*got 100/)
  })
})
