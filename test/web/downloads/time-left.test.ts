import { expect, it } from 'vitest'
import { TimeLeft } from '../../../apps/web/src/downloads/index.js'

it('tells by the rate of the last seconds, and nothing too early', () => {
  const left = new TimeLeft()
  expect(left.note(0, 1000, 0)).toBe(null)
  expect(left.note(50, 1000, 500)).toBe(null)
  expect(left.note(100, 1000, 1_000)).toBe(9_000)
})

it('says nothing while nothing moves, and begins anew after a step back', () => {
  const left = new TimeLeft()
  left.note(100, 1000, 0)
  expect(left.note(100, 1000, 5_000)).toBe(null)
  left.note(200, 1000, 6_000)
  expect(left.note(0, 1000, 7_000)).toBe(null)
  expect(left.note(100, 1000, 9_000)).toBe(18_000)
})

it('forgets what was before its window', () => {
  const left = new TimeLeft()
  left.note(0, 1000, 0)
  left.note(500, 1000, 1_000)
  // Ten seconds of slow going: the quick start counts no more.
  for (let second = 2; second <= 11; second++) left.note(500 + second, 1000, second * 1_000)
  expect(left.note(512, 1000, 12_000)).toBe(488_000)
})
