import { describe, expect, it } from 'vitest'
import { gpuBudget, learnedCeiling, ramBudget } from '../../../apps/web/src/host/budgets.js'

const GIB = 2 ** 30
const REAL = { deviceMemory: 8, gpu: { software: false } }

describe('what models may take', () => {
  it('is guessed from the memory that the browser tells, less on a software adapter', () => {
    expect(gpuBudget(REAL, null, null)).toEqual({ bytes: 4 * GIB, from: 'guess' })
    expect(gpuBudget({ ...REAL, gpu: { software: true } }, null, null).bytes).toBe(2 * GIB)
    expect(gpuBudget({ ...REAL, deviceMemory: null }, null, null).bytes).toBe(4 * GIB)
    expect(gpuBudget({ ...REAL, gpu: null }, null, null).bytes).toBe(0)
    expect(ramBudget({ ...REAL, deviceMemory: 2 }, null, null)).toEqual({ bytes: GIB, from: 'guess' })
  })

  it('is no more than a WebAssembly memory beside the GPU', () => {
    expect(ramBudget({ ...REAL, deviceMemory: 32 }, null, null).bytes).toBe(4 * GIB)
  })

  it('is lowered by what was learned, never raised', () => {
    expect(gpuBudget(REAL, null, GIB)).toEqual({ bytes: GIB, from: 'learned' })
    expect(gpuBudget(REAL, null, 6 * GIB)).toEqual({ bytes: 4 * GIB, from: 'guess' })
  })

  it('is what the user has set, whatever was learned', () => {
    expect(gpuBudget(REAL, 7 * GIB, GIB)).toEqual({ bytes: 7 * GIB, from: 'setting' })
    expect(ramBudget(REAL, 0, null)).toEqual({ bytes: 0, from: 'setting' })
  })
})

it('a ceiling is below what was too much, and only falls', () => {
  const first = learnedCeiling(null, 1000)
  expect(first).toBeLessThan(1000)
  expect(learnedCeiling(first, 2000)).toBe(first)
  expect(learnedCeiling(first, first)).toBeLessThan(first)
})
