import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FileFacts } from './model-facts.js'

/** Raise it when the same file would be read differently: what was read before is then read again. */
const FORMAT = 1
/** Models' facts are small, and models come and go. */
const MOST_KEPT = 2_048

/**
 * What was read from models' files, by the digests of the models, kept on the disk: a list of many models
 * costs a tenth of a second for each large vocabulary, once and not after every start.
 */
export class FactsFile {
  readonly #path: string
  #entries: Promise<Map<string, FileFacts>> | null = null
  #changed = false
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  async get(digest: string): Promise<FileFacts | undefined> {
    return (await this.#read()).get(digest)
  }

  async put(digest: string, facts: FileFacts): Promise<void> {
    const entries = await this.#read()
    entries.set(digest, facts)
    this.#changed = true
    for (const oldest of entries.keys()) {
      if (entries.size <= MOST_KEPT) break
      entries.delete(oldest)
    }
  }

  /** Writes what is new, if anything is. A file that cannot be written only costs the time to read again. */
  async save(): Promise<void> {
    if (!this.#changed) return
    this.#changed = false
    this.#writing = this.#writing.then(() => this.#write()).catch(() => {})
    await this.#writing
  }

  #read(): Promise<Map<string, FileFacts>> {
    this.#entries ??= readEntries(this.#path)
    return this.#entries
  }

  async #write(): Promise<void> {
    const entries = [...(await this.#read())]
    await mkdir(dirname(this.#path), { recursive: true })
    const aside = `${this.#path}.${process.pid}`
    await writeFile(aside, JSON.stringify({ format: FORMAT, entries }))
    await rename(aside, this.#path)
  }
}

/** A file that is not there, damaged or of another format is as good as an empty one. */
async function readEntries(path: string): Promise<Map<string, FileFacts>> {
  try {
    const read: { format?: unknown; entries?: readonly (readonly [string, FileFacts])[] } = JSON.parse(
      await readFile(path, 'utf8'),
    )
    return read.format === FORMAT ? new Map(read.entries) : new Map()
  } catch {
    return new Map()
  }
}
