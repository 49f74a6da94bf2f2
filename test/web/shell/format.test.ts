import { describe, expect, it } from 'vitest'
import { formatCount, formatDuration, formatTokens } from '../../../apps/web/src/shell/format.js'

describe('figures for people', () => {
  it.each([
    [0, '1 s'],
    [8_400, '8 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [150_000, '3 min'],
    [3_600_000, '1 h'],
    [4_800_000, '1 h 20 min'],
    [47 * 3_600_000, '47 h'],
    [72 * 3_600_000, '3 days'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it.each([
    [7, '7'],
    [999, '999'],
    [135_000_000, '135M'],
    [999_960, '1M'],
    [1_240_000_000, '1.2B'],
    [8_030_000_000, '8B'],
    [70_600_000_000, '70.6B'],
  ])('%d is %s', (count, text) => {
    expect(formatCount(count)).toBe(text)
  })

  it.each([
    [512, '512'],
    [4_096, '4K'],
    [131_072, '128K'],
    [1_000_000, '1,000,000'],
  ])('%d tokens are %s', (tokens, text) => {
    expect(formatTokens(tokens)).toBe(text)
  })
})
