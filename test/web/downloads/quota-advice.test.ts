import { expect, it } from 'vitest'
import { quotaAdvice } from '../../../apps/web/src/downloads/index.js'

const MIB = 2 ** 20

it('names the smallest model that frees enough', () => {
  const stored = [
    { name: 'large', bytes: 900 * MIB },
    { name: 'medium', bytes: 500 * MIB },
    { name: 'small', bytes: 100 * MIB },
  ]
  const said = quotaAdvice(400 * MIB, stored)
  expect(said).toContain('400 MiB are still to come')
  expect(said).toContain('Delete medium (500 MiB), then go on.')
})

it('names several where none is enough by itself', () => {
  const stored = [
    { name: 'a', bytes: 300 * MIB },
    { name: 'b', bytes: 100 * MIB },
    { name: 'c', bytes: 200 * MIB },
  ]
  expect(quotaAdvice(450 * MIB, stored)).toContain('Delete a (300 MiB) and c (200 MiB), then go on.')
})

it('says so where nothing helps but the disk itself', () => {
  expect(quotaAdvice(450 * MIB, [])).toContain('Free some space on the disk')
  expect(quotaAdvice(450 * MIB, [{ name: 'a', bytes: MIB }])).toContain('might not be enough')
})
