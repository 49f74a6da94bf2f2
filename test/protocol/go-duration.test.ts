import { formatGoDuration, parseGoDuration, parseKeepAlive } from '@berth/protocol'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

describe('Go durations', () => {
  it.each([
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['250ms', 250],
    ['100us', 0.1],
    ['100µs', 0.1],
    ['2h45m30.5s', 9_930_500],
    ['-1m', -60_000],
    ['+2s', 2_000],
    ['0', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseGoDuration(text)).toBeCloseTo(ms, 9)
  })

  it.each(['', '5', 'm', '5 m', '5x', '1h30', '--1s', 's5', 'Infinity'])(
    'reads no duration in "%s"',
    (text) => {
      expect(parseGoDuration(text)).toBeUndefined()
    },
  )

  it.each([
    [0, '0s'],
    [300_000, '5m0s'],
    [5_400_000, '1h30m0s'],
    [1_500, '1.5s'],
    [250, '250ms'],
    [0.1, '100µs'],
    [-60_000, '-1m0s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatGoDuration(ms)).toBe(text)
  })

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
        expect(parseGoDuration(formatGoDuration(ms))).toBeCloseTo(ms, 3)
      }),
    )
  })
})

describe('keep_alive', () => {
  it.each<[number | string, number | undefined]>([
    [0, 0],
    [300, 300_000],
    [-1, -1_000],
    ['10m', 600_000],
    ['-1', -1_000],
    ['24', 24_000],
    [Number.NaN, undefined],
    ['soon', undefined],
  ])('takes %s as %s ms', (value, ms) => {
    expect(parseKeepAlive(value)).toBe(ms)
  })
})
