import { describe, expect, it } from 'vitest'
import {
  NO_FILTERS,
  filterCards,
  licensesOf,
  shelves,
  sizeClass,
} from '../../../apps/web/src/models/filters.js'
import { card } from './cards.js'

const cards = [
  card('SmolLM2-360M', { bytes: 300e6, capabilities: ['chat'] }),
  card('Llama-3.2-3B', { bytes: 2e9, license: 'Llama 3.2', capabilities: ['chat', 'tools'] }),
  card('Qwen3-8B', {
    bytes: 5e9,
    fit: { verdict: 'does-not-fit', why: 'needs 6.0 GiB of 4.0 GiB' },
    capabilities: ['chat', 'tools', 'thinking'],
  }),
  card('snowflake', { bytes: 130e6, capabilities: ['embed'], license: null }),
  card('gemma', {
    place: 'server',
    engine: 'remote',
    from: 'http://quay:11434',
    bytes: 0,
    fit: { verdict: 'unknown', why: '' },
    stored: { state: 'elsewhere', bytes: 0 },
  }),
]
const ids = (filters: Partial<typeof NO_FILTERS>) =>
  filterCards(cards, { ...NO_FILTERS, ...filters }).map(({ id }) => id)

describe('filters', () => {
  it.each([
    [{}, ['SmolLM2-360M', 'Llama-3.2-3B', 'Qwen3-8B', 'snowflake', 'gemma']],
    [{ place: 'server' }, ['gemma']],
    [{ kind: 'tools' }, ['Llama-3.2-3B', 'Qwen3-8B']],
    [{ size: 'small' }, ['SmolLM2-360M', 'snowflake']],
    [{ size: 'medium' }, ['Llama-3.2-3B']],
    [{ size: 'large' }, ['Qwen3-8B']],
    [{ license: 'Llama 3.2' }, ['Llama-3.2-3B']],
    [{ license: 'none' }, ['snowflake']],
    [{ fit: 'does-not-fit' }, ['Qwen3-8B']],
    [{ fit: 'usable' }, ['SmolLM2-360M', 'Llama-3.2-3B', 'snowflake', 'gemma']],
    [{ search: 'LLAMA' }, ['Llama-3.2-3B']],
    [{ search: ' quay ' }, ['gemma']],
    [{ search: 'apache tools' }, ['Qwen3-8B']],
    [{ search: 'nothing like it' }, []],
    [{ search: '3', fit: 'fits', kind: 'chat' }, ['SmolLM2-360M', 'Llama-3.2-3B']],
  ] as const)('%o let through %j', (filters, expected) => {
    expect(ids(filters)).toEqual(expected)
  })

  it('know no size class of a model whose size nobody tells', () => {
    expect(sizeClass(0)).toBeNull()
    expect([1, 1e9, 1e9 + 1, 4e9, 4e9 + 1].map(sizeClass)).toEqual([
      'small',
      'small',
      'medium',
      'medium',
      'large',
    ])
  })

  it('offer each licence once, and those without one last', () => {
    expect(licensesOf(cards)).toEqual(['Apache-2.0', 'Llama 3.2', 'none'])
    expect(licensesOf([])).toEqual([])
  })
})

describe('shelves', () => {
  it('tell what is here from what can be had, what fits before what does not, small before big', () => {
    const begun = card('begun', { bytes: 9e9, stored: { state: 'partial', bytes: 1e9 } })
    const loaded = card('loaded', { bytes: 8e9, stored: { state: 'stored', bytes: 8e9 }, loaded: true })
    const { here, toHave } = shelves([...cards, begun, loaded])
    expect(here.map(({ id }) => id)).toEqual(['loaded', 'begun', 'gemma'])
    expect(toHave.map(({ id }) => id)).toEqual(['snowflake', 'SmolLM2-360M', 'Llama-3.2-3B', 'Qwen3-8B'])
  })
})
