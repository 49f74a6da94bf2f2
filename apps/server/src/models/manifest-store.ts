import { createHash } from 'node:crypto'
import { statSync, type Stats } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from './error-code.js'
import {
  blobName,
  MEDIA_TYPE,
  parseManifest,
  parseMessages,
  parseModelConfig,
  parseParameters,
  type Layer,
  type ModelConfig,
} from './manifest.js'
import { isNamePart, shortName, type ModelName } from './model-name.js'
import { StoreError } from './store-error.js'
import type { ModelFacts, StoredModel } from './stored-model.js'

/** Manifests, templates and the like are small; a bigger one is not what it says it is. */
const MOST_TEXT_BYTES = 4 << 20

interface Cached {
  readonly stamp: string
  readonly outcome: { readonly model: StoredModel } | { readonly error: StoreError }
}

/**
 * One folder in Ollama's layout: `manifests/<host>/<namespace>/<model>/<tag>` and `blobs/sha256-<hex>`.
 * Only reads. A manifest is read again when its size or time changes, so that a look at an unchanged
 * model costs two system calls.
 */
export class ManifestStore {
  readonly #folder: string
  readonly #source: 'own' | 'shared'
  readonly #cache = new Map<string, Cached>()

  constructor(folder: string, source: 'own' | 'shared') {
    this.#folder = folder
    this.#source = source
  }

  get folder(): string {
    return this.#folder
  }

  /** Every name that has a manifest, whether or not it can be used. */
  async names(): Promise<ModelName[]> {
    const names: ModelName[] = []
    const root = join(this.#folder, 'manifests')
    for (const host of await entries(root, 'host')) {
      for (const namespace of await entries(join(root, host), 'namespace')) {
        for (const model of await entries(join(root, host, namespace), 'model')) {
          for (const tag of await entries(join(root, host, namespace, model), 'tag')) {
            names.push({ host, namespace, model, tag })
          }
        }
      }
    }
    return names
  }

  /**
   * The model of exactly that name, upper and lower case as on the disk; undefined where there is none.
   * @throws StoreError `broken-model` that names the model and what is wrong with it.
   */
  async read(name: ModelName): Promise<StoredModel | undefined> {
    const path = join(this.#folder, 'manifests', name.host, name.namespace, name.model, name.tag)
    const found = statFile(path)
    if (found === undefined) {
      this.#cache.delete(path)
      return undefined
    }
    const stamp = `${found.mtimeMs} ${found.size} ${found.ino}`
    let cached = this.#cache.get(path)
    if (cached?.stamp !== stamp) {
      cached = { stamp, outcome: await this.#outcome(name, path, found.mtime) }
      // Files may be missing only because a pull is still under way: look again next time.
      if ('model' in cached.outcome) this.#cache.set(path, cached)
      else this.#cache.delete(path)
    }
    if ('error' in cached.outcome) throw cached.outcome.error
    const { model } = cached.outcome
    // The one thing that can go while the manifest stays: somebody pruned the blobs.
    if (statFile(model.files[0]) === undefined) {
      this.#cache.delete(path)
      throw broken(name, new StoreError('broken-model', `${model.files[0]} is missing`))
    }
    return model
  }

  async #outcome(name: ModelName, path: string, modifiedAt: Date): Promise<Cached['outcome']> {
    try {
      return { model: await this.#parse(name, path, modifiedAt) }
    } catch (error) {
      return { error: broken(name, error) }
    }
  }

  async #parse(name: ModelName, path: string, modifiedAt: Date): Promise<StoredModel> {
    const text = await readText(path)
    const manifest = parseManifest(text)
    const of = (type: string): Layer[] => manifest.layers.filter((layer) => layer.mediaType === type)
    const [weights, ...more] = of(MEDIA_TYPE.model)
    if (weights === undefined) throw new StoreError('broken-model', 'the manifest has no model layer')
    if (more.length > 0) {
      throw new StoreError('broken-model', `the manifest has ${more.length + 1} model layers; one is usual`)
    }
    for (const layer of [weights, ...of(MEDIA_TYPE.adapter), ...of(MEDIA_TYPE.projector)])
      this.#verifySize(layer)

    const template = await this.#text(of(MEDIA_TYPE.template).at(-1))
    const system = await this.#text(of(MEDIA_TYPE.system).at(-1))
    const params = await this.#text(of(MEDIA_TYPE.params).at(-1))
    const messages = await this.#text(of(MEDIA_TYPE.messages).at(-1))
    const config = parseModelConfig(await readText(this.#blob(manifest.config)))
    return {
      name: shortName(name),
      digest: createHash('sha256').update(text).digest('hex'),
      files: [this.#blob(weights)],
      bytes: manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size),
      modifiedAt,
      source: this.#source,
      adapters: of(MEDIA_TYPE.adapter).map((layer) => this.#blob(layer)),
      projectors: of(MEDIA_TYPE.projector).map((layer) => this.#blob(layer)),
      ...(template === undefined ? {} : { template }),
      ...(system === undefined ? {} : { system }),
      parameters: params === undefined ? {} : parseParameters(params),
      messages: messages === undefined ? [] : parseMessages(messages),
      licenses: of(MEDIA_TYPE.license).map((layer) => this.#blob(layer)),
      facts: factsOf(config),
      ...(weights.from === undefined ? {} : { parent: weights.from }),
    }
  }

  #blob(layer: Layer): string {
    return join(this.#folder, 'blobs', blobName(layer.digest))
  }

  async #text(layer: Layer | undefined): Promise<string | undefined> {
    return layer === undefined ? undefined : await readText(this.#blob(layer))
  }

  #verifySize(layer: Layer): void {
    const blob = this.#blob(layer)
    const found = statFile(blob)
    if (found === undefined) throw new StoreError('broken-model', `${blob} is missing`)
    if (found.size !== layer.size) {
      throw new StoreError('broken-model', `${blob} has ${found.size} bytes; its manifest says ${layer.size}`)
    }
  }
}

function factsOf(config: ModelConfig): ModelFacts {
  return {
    ...(config.model_format === undefined ? {} : { format: config.model_format }),
    ...(config.model_family === undefined ? {} : { family: config.model_family }),
    ...(config.model_families == null ? {} : { families: config.model_families }),
    ...(config.model_type === undefined ? {} : { parameterSize: config.model_type }),
    ...(config.file_type === undefined ? {} : { quantization: config.file_type }),
  }
}

function broken(name: ModelName, error: unknown): StoreError {
  const why = error instanceof Error ? error.message : String(error)
  return new StoreError('broken-model', `model ${JSON.stringify(shortName(name))} cannot be used: ${why}`, {
    cause: error,
  })
}

/** A folder's entries that can be this part of a name; none where there is no such folder, or it may not be read. */
async function entries(folder: string, part: keyof ModelName): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((entry) => isNamePart(part, entry))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error) ?? '')) return []
    throw error
  }
}

/**
 * Every request to a model comes through here. Synchronous, for it takes microseconds where the same by way
 * of the thread pool takes a good part of a millisecond when the cores are computing.
 */
function statFile(path: string): Stats | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.isFile() ? found : undefined
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}

async function readText(path: string): Promise<string> {
  const found = statFile(path)
  if (found === undefined) throw new StoreError('broken-model', `${path} is missing`)
  if (found.size > MOST_TEXT_BYTES) {
    throw new StoreError('broken-model', `${path} has ${found.size} bytes, too many for a text`)
  }
  return await readFile(path, 'utf8')
}
