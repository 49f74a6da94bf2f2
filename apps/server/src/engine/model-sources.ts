import { join } from 'node:path'
import { BackendError, type ModelId } from '@berth/scheduler'
import type { ModelSource as ServedSource } from '../generate/index.js'
import type { ModelSource as EngineSource } from '../llama/index.js'
import {
  FactsFile,
  FactsReader,
  StoreError,
  describeModel,
  type ModelStore,
  type StoredModel,
} from '../models/index.js'

/** The store as the llama backend sees it. */
export function engineModels(store: ModelStore): EngineSource {
  return {
    async list() {
      const models = await store.list()
      // What a model is good for stands in its file, and reading all files only to list them takes too long:
      // the routes look at the one that is asked for.
      return models.map(({ name, digest, bytes }) => ({
        id: name,
        revision: digest,
        bytes,
        purposes: ['generate', 'embed'] as const,
      }))
    },
    async resolve(name) {
      try {
        const model = await store.find(name)
        if (model === undefined) return null
        return { path: model.files[0], revision: model.digest, adapters: model.adapters }
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        throw new BackendError('bad-model', error.message, { cause: error })
      }
    },
  }
}

/**
 * The store as the routes see it.
 * @param changed is called when a model is found to be another than at the last look: pulled anew, re-created
 *   or deleted, by us or by another program.
 */
export function servedModels(store: ModelStore, changed: (model: ModelId) => void): ServedSource {
  const facts = new FactsReader(new FactsFile(join(store.folders.own, 'model-facts.json')))
  const seen = new Map<ModelId, string>()

  const look = (model: StoredModel): StoredModel => {
    const before = seen.get(model.name)
    if (before === model.digest) return model
    seen.set(model.name, model.digest)
    if (before !== undefined) changed(model.name)
    return model
  }
  return {
    list: async () => (await store.list()).map(look),
    find: async (name) => {
      const model = await store.find(name)
      return model === undefined ? undefined : look(model)
    },
    facts: (model) => facts.read(model),
    listedFacts: (model) => facts.listed(model),
    describe: (model) => describeModel(model),
  }
}
