import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LearnedMemory } from '@berth/budget'

/** What loads took, kept on the disk so that the first load after a start is estimated as well as the last before it. */
export class LearnedFile {
  readonly memory: LearnedMemory
  readonly #path: string
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, memory: LearnedMemory) {
    this.#path = path
    this.memory = memory
  }

  /** A file that is not there, or damaged, only costs the knowledge in it. */
  static async open(path: string): Promise<LearnedFile> {
    try {
      return new LearnedFile(path, LearnedMemory.fromJSON(JSON.parse(await readFile(path, 'utf8'))))
    } catch {
      return new LearnedFile(path, new LearnedMemory())
    }
  }

  /** Rejects where the file cannot be written; it is whole at any moment. */
  async save(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write())
    await this.#writing
  }

  async #write(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true })
    const temporary = `${this.#path}.${process.pid}`
    await writeFile(temporary, JSON.stringify(this.memory))
    await rename(temporary, this.#path)
  }
}
