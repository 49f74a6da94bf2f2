import { tensorBytes } from '@berth/budget'
import { describe, expect, test } from 'vitest'
import { published } from './published-models.js'

describe('the fixtures of published models', () => {
  test.each([
    ['llama-3-8b', 4_920_734_272, 8_030_261_248],
    ['llama-3-70b', 42.52e9, 70_553_706_496],
    ['qwen3-4b', 2_497_280_256, 4_022_468_096],
    ['qwen3-8b', 5_027_783_488, 8_190_735_360],
    ['qwen3-14b', 9_001_752_960, 14_768_307_200],
  ] as const)('%s has the published file’s bytes, its head aside', (model, fileBytes, parameters) => {
    const { tensors } = published(model)
    const bytes = tensors.reduce((sum, { type, shape }) => sum + tensorBytes(type, shape), 0)
    const head = fileBytes - bytes
    expect(head).toBeGreaterThan(5e6)
    expect(head).toBeLessThan(13e6)
    expect(tensors.reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0)).toBe(
      parameters,
    )
  })
})
