import { describe, expect, it } from 'vitest'
import { nextEntry } from '../../../apps/web/src/shell/next-entry.js'

const labels = ['Rename', 'Export', 'Delete', 'Duplicate']

describe('a key in a menu', () => {
  it.each([
    ['ArrowDown', -1, 0],
    ['ArrowDown', 3, 0],
    ['ArrowUp', -1, 3],
    ['ArrowUp', 0, 3],
    ['ArrowUp', 2, 1],
    ['Home', 2, 0],
    ['End', 0, 3],
    ['d', 0, 2],
    ['D', 2, 3],
    ['d', 3, 2],
    ['x', 0, null],
    [' ', 0, null],
    ['Enter', 0, null],
  ])('%j from %d leads to %j', (key, at, to) => {
    expect(nextEntry(key, at, labels)).toBe(to)
  })

  it('leads nowhere where there is nothing', () => {
    expect(nextEntry('ArrowDown', -1, [])).toBeNull()
  })
})
