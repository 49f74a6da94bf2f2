import { describe, expect, it } from 'vitest'
import { budgetText, readBudget, writeBudget } from '../../../apps/web/src/settings/budget-text.js'

const GIB = 2 ** 30

describe('a budget', () => {
  it.each([
    ['', { bytes: null }],
    [' 4 ', { bytes: 4 * GIB }],
    ['1,5', { bytes: 1.5 * GIB }],
    ['0.1', { bytes: Math.round(0.1 * GIB) }],
  ])('%j is %j', (text, expected) => {
    expect(readBudget(text)).toEqual(expected)
  })

  it.each(['much', '0', '-4', '2000', 'Infinity', '4 GiB'])(
    '%j is refused with what would be right',
    (text) => {
      expect(readBudget(text)).toEqual({
        error: `“${text}” is no budget: a number of GiB from 0.1 to 1024.`,
      })
    },
  )

  it('is written as it is read', () => {
    expect(writeBudget(null)).toBe('')
    expect(writeBudget(4 * GIB)).toBe('4')
    expect(writeBudget(1.5 * GIB)).toBe('1.5')
  })

  it('says where it comes from', () => {
    expect(budgetText(4 * GIB, 'setting')).toBe('Models may take 4.0 GiB now, by your setting.')
    expect(budgetText(4 * GIB, 'guess')).toContain('a guess: browsers do not tell')
  })
})
