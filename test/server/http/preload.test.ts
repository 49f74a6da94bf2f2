import { describe, expect, it } from 'vitest'
import { eventually } from '../../eventually.js'
import { harness, json, type ErrorBody } from './harness.js'

describe('models that are loaded ahead', () => {
  it('come one after the other, in the background; one that fails holds up none', async () => {
    const { app, post, backend } = harness({
      models: {
        'parrot:latest': { loadMs: 20 },
        'finch:latest': { capabilities: ['embedding'], loadMs: 20 },
      },
    })
    const asked = await post('/api/berth/preload', { models: ['parrot', 'raven', 'finch'] })
    expect(asked.status).toBe(202)
    const told = async () => (await json<{ preload: object[] }>(app.request('/api/berth/preload'))).preload
    await eventually(told).toEqual([
      { model: 'parrot', state: 'done' },
      { model: 'raven', state: 'failed', error: "model 'raven' not found" },
      { model: 'finch', state: 'done' },
    ])
    expect(backend.calls).toEqual([
      'load parrot:latest',
      'loaded parrot:latest',
      'load finch:latest',
      'loaded finch:latest',
    ])
    await post('/api/berth/preload', { models: ['parrot'] })
    await eventually(async () => (await told()).at(-1)).toEqual({ model: 'parrot', state: 'done' })
    expect((await told()).length).toBe(3)
  })

  it('are named by their names', async () => {
    const { post } = harness()
    const answer = await post('/api/berth/preload', { models: [] })
    expect([answer.status, (await json<ErrorBody>(answer)).error]).toEqual([
      400,
      'models: expected at least one name of a model, got []',
    ])
  })
})

describe('pins', () => {
  it('are listed, loaded or not', async () => {
    const { app, post } = harness({ models: { 'parrot:latest': {}, 'finch:latest': {} } })
    await post('/api/berth/pin', { model: 'finch' })
    await post('/api/berth/pin', { model: 'parrot' })
    await post('/api/berth/pin', { model: 'finch', pinned: false })
    expect(await json(app.request('/api/berth/pin'))).toEqual({ pinned: ['parrot:latest'] })
  })
})
