import { BackendError } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { engineModels, servedModels } from '../../../apps/server/src/engine/index.js'
import { ModelStore } from '../../../apps/server/src/models/index.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { putModel } from '../models/ollama-store.js'

const PATH = 'registry.ollama.ai/library/tiny/latest'

async function emptyStore() {
  const own = await temporaryFolder()
  return { own, store: new ModelStore({ own, shared: [], gguf: [] }, () => {}) }
}

describe('the store as the routes see it', () => {
  it('tells when a model became another under its name, once', async () => {
    const { own, store } = await emptyStore()
    const changed: string[] = []
    const models = servedModels(store, (model) => void changed.push(model))
    await putModel(own, PATH, { layers: { system: 'one' } })
    await models.find('tiny')
    await models.list()
    expect(changed).toEqual([])
    await putModel(own, PATH, { layers: { system: 'another' } })
    await models.find('tiny')
    await models.find('tiny')
    expect(changed).toEqual(['tiny:latest'])
  })
})

describe('the store as the engine sees it', () => {
  it('has a revision that changes with the model, and the file to open', async () => {
    const { own, store } = await emptyStore()
    await putModel(own, PATH, { model: 'weights', layers: { system: 'one' } })
    const engine = engineModels(store)
    const [info] = await engine.list()
    expect(info).toMatchObject({ id: 'tiny:latest', purposes: ['generate', 'embed'] })
    const file = await engine.resolve('tiny:latest')
    expect(file).toMatchObject({ revision: info?.revision, path: expect.stringContaining('sha256-') })
    await putModel(own, PATH, { model: 'weights', layers: { system: 'another' } })
    expect((await engine.list())[0]?.revision).not.toBe(info?.revision)
  })

  it('has nothing for a model that is none, and an error for one that is broken', async () => {
    const { own, store } = await emptyStore()
    expect(await engineModels(store).resolve('dodo:latest')).toBeNull()
    await putModel(own, PATH, { config: 'no JSON' })
    await expect(engineModels(store).resolve('tiny:latest')).rejects.toBeInstanceOf(BackendError)
  })
})
