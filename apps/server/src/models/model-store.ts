import { FolderStore } from './folder-store.js'
import type { Manifest } from './manifest.js'
import { ManifestStore } from './manifest-store.js'
import { nameKey, parseModelName, shortName, type ModelName } from './model-name.js'
import { StoreError } from './store-error.js'
import type { StoreFolders } from './store-folders.js'
import { StoreWriter } from './store-writer.js'
import type { StoredModel } from './stored-model.js'

/** Models that are there and cannot be used are told of once for each state of theirs. */
type ReportProblem = (problem: string) => void

/**
 * Every model on this machine: Berth's own store, then Ollama's, then plain GGUF folders; of two with the
 * same name the first in this order counts. What another program adds, changes or removes while Berth runs
 * shows at the next look. Upper and lower case in names do not count.
 */
export class ModelStore {
  readonly folders: StoreFolders
  readonly #manifests: readonly ManifestStore[]
  readonly #plain: readonly FolderStore[]
  readonly #report: ReportProblem
  #reported = new Set<string>()

  constructor(folders: StoreFolders, report: ReportProblem) {
    this.folders = folders
    this.#manifests = [
      new ManifestStore(folders.own, 'own'),
      ...folders.shared.map((folder) => new ManifestStore(folder, 'shared')),
    ]
    this.#plain = folders.gguf.map((folder) => new FolderStore(folder))
    this.#report = report
  }

  /** All models that can be used, the last changed first. A broken one is reported and left out. */
  async list(): Promise<StoredModel[]> {
    const found = new Map<string, StoredModel>()
    const problems: string[] = []
    const add = (model: StoredModel): void => {
      const key = nameKey(parseModelName(model.name))
      if (!found.has(key)) found.set(key, model)
    }
    for (const store of this.#manifests) {
      for (const name of await store.names()) {
        try {
          const model = await store.read(name)
          if (model !== undefined) add(model)
        } catch (error) {
          problems.push(error instanceof Error ? error.message : String(error))
        }
      }
    }
    for (const store of this.#plain) {
      const contents = await store.list()
      contents.models.forEach(add)
      problems.push(...contents.problems)
    }
    this.#reportNew(problems)
    return [...found.values()].toSorted((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime())
  }

  /**
   * The model of that name as users write it; undefined where there is none.
   * @throws StoreError `bad-name`, and `broken-model` when it is there and cannot be used.
   */
  async find(text: string): Promise<StoredModel | undefined> {
    const name = parseModelName(text)
    let problem: StoreError | undefined
    const orProblem = async (look: Promise<StoredModel | undefined>): Promise<StoredModel | undefined> => {
      try {
        return await look
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        // A whole model of the same name in a later store is better than an error.
        problem ??= error
        return undefined
      }
    }
    // The name as it is written costs a system call or two a store; only where nothing has it are they walked.
    for (const store of this.#manifests) {
      const model = await orProblem(store.read(name))
      if (model !== undefined) return model
    }
    // Before the walk: it would be every request's to a model in a folder, and there may be many manifests.
    for (const store of this.#plain) {
      const model = store.known(name)
      if (model !== undefined) return model
    }
    for (const store of this.#manifests) {
      const model = await orProblem(readAnyCase(store, name))
      if (model !== undefined) return model
    }
    for (const store of this.#plain) {
      const model = await store.read(name)
      if (model !== undefined) return model
    }
    if (problem !== undefined) throw problem
    return undefined
  }

  /**
   * What a model is made of, to make another from it: its manifest and where its blobs are. Undefined for a
   * plain file, which has none, and where there is no such model.
   */
  async parts(
    text: string,
  ): Promise<{ manifest: Manifest; blobPath: (digest: string) => string } | undefined> {
    const wanted = nameKey(parseModelName(text))
    for (const store of this.#manifests) {
      const name = (await store.names()).find((candidate) => nameKey(candidate) === wanted)
      const writer = new StoreWriter(store.folder)
      const manifest = name === undefined ? undefined : await writer.manifest(name)
      if (manifest !== undefined) return { manifest, blobPath: (digest) => writer.blobPath(digest) }
    }
    return undefined
  }

  /** Like `find`, and there must be one. @throws StoreError `unknown-model` too. */
  async get(text: string): Promise<StoredModel> {
    const model = await this.find(text)
    if (model === undefined) {
      throw new StoreError(
        'unknown-model',
        `model ${JSON.stringify(shortName(parseModelName(text)))} not found`,
      )
    }
    return model
  }

  #reportNew(problems: readonly string[]): void {
    for (const problem of problems) if (!this.#reported.has(problem)) this.#report(problem)
    this.#reported = new Set(problems)
  }
}

async function readAnyCase(store: ManifestStore, wanted: ModelName): Promise<StoredModel | undefined> {
  const key = nameKey(wanted)
  const name = (await store.names()).find((candidate) => nameKey(candidate) === key)
  return name === undefined ? undefined : await store.read(name)
}
