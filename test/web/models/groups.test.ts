import { expect, it } from 'vitest'
import { groupCards } from '../../../apps/web/src/models/groups.js'
import { MACHINE, card, view } from './cards.js'

const TOO_BIG = { verdict: 'does-not-fit', why: 'needs shader-f16, which this GPU does not have' } as const

const versions = [
  card('a-f16', { family: 'a', bytes: 500e6, fit: TOO_BIG }),
  card('a-1k', { family: 'a', bytes: 600e6, contextLength: 1_024 }),
  card('a-f32', { family: 'a', bytes: 650e6 }),
  card('a-cpu', { family: 'a', bytes: 550e6, engine: 'wllama' }),
]
const others = Array.from({ length: 12 }, (_, index) =>
  card(`m${index}`, { bytes: index === 0 ? 0 : (20 - index) * 1e8, parameters: 0.1e9 }),
)

function ids(models: readonly ReturnType<typeof card>[], more: Parameters<typeof view>[1] = {}) {
  return groupCards(models, view(models, more)).map(({ best, others: rest }) =>
    [best, ...rest].map(({ id }) => id),
  )
}

it('shows the versions of a model together, the best for this machine in front', () => {
  expect(ids([...others, ...versions])[0]).toEqual(['a-f32', 'a-1k', 'a-cpu', 'a-f16'])
  const slow = { machine: { ...MACHINE, gpu: null, noGpu: 'none' } }
  expect(ids([...others, ...versions], slow).find(([id]) => id?.startsWith('a-'))).toEqual([
    'a-cpu',
    'a-f32',
    'a-1k',
    'a-f16',
  ])
})

it('orders by fit and size, those whose size nobody tells last, after what is recommended', () => {
  const big = card('big', { bytes: 9e9, parameters: 8e9, fit: TOO_BIG })
  const list = ids([big, ...others, ...versions]).map(([id]) => id)
  expect(list.join(' ')).toBe('a-f32 m11 m10 m9 m8 m7 m6 m5 m4 m3 m2 m1 m0 big')
})

it('folds nothing away that is being downloaded, and nothing of a short list', () => {
  expect(ids(versions).flat()).toHaveLength(4)
  expect(ids(versions)).toHaveLength(4)
  const files = { done: 0, of: 1 }
  const running = { state: 'running', loadedBytes: 1, totalBytes: 2, files, leftMs: null } as const
  const list = ids([...others, ...versions], { downloads: [{ model: 'a-1k', ...running }] })
  expect(list[0]).toEqual(['a-1k'])
  expect(list[1]).toEqual(['a-f32', 'a-cpu', 'a-f16'])
})
