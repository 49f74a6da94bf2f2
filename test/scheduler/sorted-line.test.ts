import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { SortedLine } from '../../packages/scheduler/src/sorted-line.js'
import { runs } from '../runs.js'

it('keeps order, size, first and rank as a sorted array does, over any adds and deletes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ add: fc.boolean(), value: fc.integer({ min: 0, max: 3_000 }) }), {
        maxLength: 3_000,
        size: 'max',
      }),
      (steps) => {
        const line = new SortedLine<number>((a, b) => a - b)
        const model = new Set<number>()
        for (const { add, value } of steps) {
          if (add && !model.has(value)) {
            line.add(value)
            model.add(value)
          } else if (!add) {
            expect(line.delete(value)).toBe(model.delete(value))
          }
        }
        const sorted = [...model].toSorted((a, b) => a - b)
        expect([...line]).toEqual(sorted)
        expect([line.size, line.first]).toEqual([sorted.length, sorted[0]])
        for (const probe of [0, 700, 1_500, 3_001]) {
          expect(line.rank(probe)).toBe(sorted.filter((value) => value < probe).length)
        }
      },
    ),
    { numRuns: runs(60) },
  )
})
