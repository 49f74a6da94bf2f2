import type { Capability, FileFacts, ListedFacts, ModelDescription, StoredModel } from '../models/index.js'
import { StoreError } from '../models/index.js'
import { unknownModel } from './request-error.js'

/** A model that can be asked for something. */
export interface ServedModel {
  readonly stored: StoredModel
  readonly capabilities: readonly Capability[]
}

/** What the routes need of the model store. */
export interface ModelSource {
  list(): Promise<readonly StoredModel[]>
  find(name: string): Promise<StoredModel | undefined>
  /** What has to be read from the model's file; read once for each state of a model. */
  facts(model: StoredModel): Promise<FileFacts>
  /** The same as far as lists show it, and for a file that cannot be read what else is known. */
  listedFacts(model: StoredModel): Promise<ListedFacts>
  describe(model: StoredModel): Promise<ModelDescription>
}

/**
 * The model that a client names.
 * @throws RequestError `unknown-model` in the client's own spelling; StoreError `bad-name`, and when it is
 *   there and broken.
 */
export async function storedModel(models: ModelSource, name: string): Promise<StoredModel> {
  const stored = await models.find(name).catch((error: unknown) => {
    // What names nothing is the name of no model; another text that is no name is a mistake of its own.
    if (error instanceof StoreError && error.code === 'bad-name' && name.trim() === '') return undefined
    throw error
  })
  if (stored === undefined) throw unknownModel(name)
  return stored
}

/** The same, with what it can be asked for. */
export async function servedModel(models: ModelSource, name: string): Promise<ServedModel> {
  const stored = await storedModel(models, name)
  try {
    return { stored, capabilities: (await models.facts(stored)).capabilities }
  } catch (error) {
    if (error instanceof StoreError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new StoreError('broken-model', `model ${JSON.stringify(stored.name)} cannot be used: ${why}`, {
      cause: error,
    })
  }
}
