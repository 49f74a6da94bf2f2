import { statSync } from 'node:fs'
import { readGgufFolder } from './gguf-folder.js'
import { nameKey, parseModelName, type ModelName } from './model-name.js'
import type { StoredModel } from './stored-model.js'

/** A folder of plain GGUF files as a store. It is walked for a list and for a name that it does not know; a look at a known model costs one system call. */
export class FolderStore {
  readonly #folder: string
  readonly #known = new Map<string, StoredModel>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** All models, and a sentence for each thing that cannot be used. */
  async list(): Promise<{ models: readonly StoredModel[]; problems: readonly string[] }> {
    const contents = await readGgufFolder(this.#folder)
    const problems = [...contents.problems]
    this.#known.clear()
    for (const model of contents.models) {
      const key = nameKey(parseModelName(model.name))
      const first = this.#known.get(key)
      if (first === undefined) this.#known.set(key, model)
      else problems.push(`${model.files[0]} is hidden by ${first.files[0]}: both are ${model.name}`)
    }
    return { models: [...this.#known.values()], problems }
  }

  async read(name: ModelName): Promise<StoredModel | undefined> {
    const known = this.known(name)
    if (known !== undefined) return known
    await this.list()
    return this.#known.get(nameKey(name))
  }

  /** The model as the last walk found it, if its file is the same still. */
  known(name: ModelName): StoredModel | undefined {
    const model = this.#known.get(nameKey(name))
    return model !== undefined && isUnchanged(model) ? model : undefined
  }
}

/** Synchronous, as in the manifest store: every request to a model in a folder asks this. */
function isUnchanged(model: StoredModel): boolean {
  if (model.files.length > 1) return false
  try {
    const found = statSync(model.files[0])
    // A Date has whole milliseconds, a file's time has not.
    return found.size === model.bytes && Math.trunc(found.mtimeMs) === model.modifiedAt.getTime()
  } catch {
    return false
  }
}
