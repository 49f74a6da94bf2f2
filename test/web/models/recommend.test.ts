import { describe, expect, it } from 'vitest'
import { recommend } from '../../../apps/web/src/models/recommend.js'
import { MACHINE, card, view } from './cards.js'

const SLOW = { ...MACHINE, gpu: MACHINE.gpu && { ...MACHINE.gpu, software: true } }
const NONE = { ...MACHINE, gpu: null, noGpu: 'WebGPU is switched off' }
const TIGHT = { verdict: 'tight', why: 'needs 3.9 GiB of 4.0 GiB' } as const
const TOO_BIG = { verdict: 'does-not-fit', why: 'needs 9.0 GiB of 4.0 GiB' } as const

const free = (bytes: number) => ({ usedBytes: 1e9, quotaBytes: 1e9 + bytes, persistent: false })

const models = [
  card('tiny', { parameters: 0.36e9, bytes: 300e6 }),
  card('small', { parameters: 1.7e9, bytes: 1.1e9 }),
  card('good', { parameters: 3.2e9, bytes: 1.9e9 }),
  card('big', { parameters: 8e9, bytes: 4.6e9 }),
]

describe('the model to begin with', () => {
  it('is the one with the most parameters that fits comfortably', () => {
    expect(recommend(view(models))?.card.id).toBe('good')
    const crowded = models.map((each) => (each.id === 'good' ? { ...each, fit: TIGHT } : each))
    expect(recommend(view(crowded))?.card.id).toBe('small')
  })

  it.each([
    ['a simulated GPU', SLOW],
    ['no GPU', NONE],
  ])('is a small one where %s does the arithmetic', (_, machine) => {
    expect(recommend(view(models, { machine }))?.card.id).toBe('tiny')
  })

  it('answers at once rather than think for minutes, where that is slow', () => {
    const thinker = card('thinker', { parameters: 0.6e9, bytes: 400e6, capabilities: ['chat', 'thinking'] })
    expect(recommend(view([...models, thinker], { machine: NONE }))?.card.id).toBe('tiny')
    expect(recommend(view([thinker], { machine: NONE }))?.card.id).toBe('thinker')
    expect(recommend(view([thinker, ...models.slice(0, 1)]))?.card.id).toBe('thinker')
  })

  it('is the smallest, and says why, where nothing fits comfortably', () => {
    const tight = models.map((each) => ({ ...each, fit: TIGHT }))
    expect(recommend(view(tight))).toMatchObject({
      card: { id: 'tiny' },
      why: expect.stringContaining('needs 3.9 GiB of 4.0 GiB'),
    })
  })

  it('leaves room on the disk, and counts what is there already', () => {
    expect(recommend(view(models, { storage: free(2.3e9) }))?.card.id).toBe('small')
    expect(recommend(view(models, { storage: free(310e6) }))?.card.id).toBe('tiny')
    expect(recommend(view(models, { storage: free(100e6) }))).toBeNull()
    const begun = [card('begun', { bytes: 300e6, stored: { state: 'partial', bytes: 250e6 } })]
    expect(recommend(view(begun, { storage: free(100e6) }))?.card.id).toBe('begun')
  })

  it('is none where nothing can chat here', () => {
    const others = [
      card('vectors', { capabilities: ['embed'] }),
      card('elsewhere', { place: 'server', engine: 'remote', stored: { state: 'elsewhere', bytes: 0 } }),
      card('huge', { fit: TOO_BIG }),
    ]
    expect(recommend(view(others))).toBeNull()
  })

  it('takes the quicker engine of the same model, and the same one every time', () => {
    const twins = [card('on-cpu', { engine: 'wllama' }), card('on-gpu', { engine: 'webllm' })]
    expect(recommend(view(twins))?.card.id).toBe('on-gpu')
    const small = twins.map((each) => ({ ...each, parameters: 0.3e9, bytes: 200e6 }))
    expect(recommend(view(small, { machine: NONE }))?.card.id).toBe('on-cpu')
    expect(recommend(view(small.toReversed(), { machine: NONE }))?.card.id).toBe('on-cpu')
  })

  it('judges a model whose parameters nobody tells by its bytes', () => {
    const unknown = [card('a', { parameters: null, bytes: 2e9 }), card('b', { parameters: 1e9, bytes: 2e9 })]
    expect(recommend(view(unknown))?.card.id).toBe('a')
  })
})
