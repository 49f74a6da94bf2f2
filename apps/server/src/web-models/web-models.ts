import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DESCRIPTION_FILE, LIBRARIES, WebModelDescription } from './description.js'

/** A file that may be sent. */
export interface ServedFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** A model that is whole. */
export interface WebModel {
  readonly description: WebModelDescription
  /** Changes when any byte of the model's files does. */
  readonly sha256: string
  readonly bytes: number
}

/**
 * The models for browsers in a folder: a folder each, named by its id, and the libraries beside them. What
 * changes on the disk shows at the next look. Only files that a description names are ever given out, so that
 * no name of a request becomes a path.
 */
export class WebModels {
  readonly folder: string
  readonly #report: (problem: string) => void
  #reported = new Set<string>()

  /** @param report told once of each model that is there and cannot be used */
  constructor(folder: string, report: (problem: string) => void) {
    this.folder = folder
    this.#report = report
  }

  /** By their ids. */
  async list(): Promise<readonly WebModel[]> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch(() => [])
    const models: WebModel[] = []
    const problems: string[] = []
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!entry.isDirectory() || entry.name === LIBRARIES || entry.name.startsWith('.')) continue
      try {
        const model = await this.#read(entry.name)
        if (model !== undefined) models.push(model)
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error))
      }
    }
    for (const problem of problems) if (!this.#reported.has(problem)) this.#report(problem)
    this.#reported = new Set(problems)
    return models
  }

  /** One model; undefined where there is none, or it cannot be used. */
  async find(id: string): Promise<WebModel | undefined> {
    return (await this.list()).find(({ description }) => description.id === id)
  }

  /** One of a model's files. */
  fileOf({ description }: WebModel, name: string): ServedFile | undefined {
    const file = description.files.find((each) => each.name === name)
    return file === undefined
      ? undefined
      : { path: join(this.folder, description.id, file.name), bytes: file.bytes, sha256: file.sha256 }
  }

  /** A library that any of the models has. */
  async library(name: string): Promise<ServedFile | undefined> {
    for (const { description } of await this.list()) {
      const found = description.libraries.find((each) => each.name === name)
      if (found !== undefined) {
        return { path: join(this.folder, LIBRARIES, found.name), bytes: found.bytes, sha256: found.sha256 }
      }
    }
    return undefined
  }

  async #read(id: string): Promise<WebModel | undefined> {
    const folder = join(this.folder, id)
    const text = await readFile(join(folder, DESCRIPTION_FILE), 'utf8').catch(() => undefined)
    // Being made, or somebody else's folder.
    if (text === undefined) return undefined
    const description = parse(text, folder)
    if (description.id !== id) throw new Error(`${folder}: it says it is ${description.id}; make it anew`)
    for (const file of description.files) await assertWhole(join(folder, file.name), file.bytes)
    for (const file of description.libraries) {
      await assertWhole(join(this.folder, LIBRARIES, file.name), file.bytes)
    }
    const hash = createHash('sha256')
    for (const { name, sha256 } of description.files) hash.update(`${name}\0${sha256}\0`)
    return {
      description,
      sha256: hash.digest('hex'),
      bytes: description.files.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }
}

function parse(text: string, folder: string): WebModelDescription {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`${join(folder, DESCRIPTION_FILE)} is no JSON; make the model anew`)
  }
  const parsed = WebModelDescription.safeParse(value)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map(({ path }) => path.join('.')).join(', ')
  throw new Error(`${join(folder, DESCRIPTION_FILE)} is not as it should be (${fields}); make the model anew`)
}

async function assertWhole(path: string, bytes: number): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) throw new Error(`${path} is missing; make the model anew`)
  if (found.size !== bytes) {
    throw new Error(`${path} has ${found.size} bytes and should have ${bytes}; make the model anew`)
  }
}
