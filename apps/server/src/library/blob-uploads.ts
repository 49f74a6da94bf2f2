import { createHash } from 'node:crypto'
import { open, rm, stat } from 'node:fs/promises'
import { StoreError, type StoreWriter } from '../models/index.js'

/** Files that clients send before they make a model of them. */
export class BlobUploads {
  readonly #store: StoreWriter

  constructor(store: StoreWriter) {
    this.#store = store
  }

  /** The size of a blob; undefined where it is not here. @throws StoreError `bad-digest`. */
  async bytes(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#store.blobPath(checked(digest)))).size
    } catch (error) {
      if (error instanceof StoreError) throw error
      return undefined
    }
  }

  /**
   * Takes a blob in. Returns whether it is new.
   * @throws StoreError `bad-digest` when the bytes are others than the digest says; they are thrown away.
   */
  async receive(digest: string, body: AsyncIterable<Uint8Array>): Promise<boolean> {
    if ((await this.bytes(digest)) !== undefined) return false
    const partial = await this.#store.partialPath()
    try {
      const hash = createHash('sha256')
      const file = await open(partial, 'w')
      try {
        for await (const chunk of body) {
          hash.update(chunk)
          await file.writeFile(chunk)
        }
      } finally {
        await file.close()
      }
      const found = `sha256:${hash.digest('hex')}`
      if (found !== checked(digest)) {
        throw new StoreError('bad-digest', `digest mismatch: expected ${checked(digest)}, got ${found}`)
      }
      await this.#store.keepBlob(partial, found)
      return true
    } finally {
      await rm(partial, { force: true })
    }
  }
}

/** It becomes a file's name: nothing but hexadecimal digits may pass. */
function checked(digest: string): string {
  const hex = /^sha256[:-]([0-9a-f]{64})$/i.exec(digest)?.[1]
  if (hex === undefined) {
    throw new StoreError(
      'bad-digest',
      `digest: expected "sha256:" and 64 hexadecimal digits, got ${JSON.stringify(digest)}`,
    )
  }
  return `sha256:${hex.toLowerCase()}`
}
