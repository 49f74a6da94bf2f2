import { createHash, randomUUID } from 'node:crypto'
import { constants, copyFile, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withFileLock } from './file-lock.js'
import { errorCode } from './error-code.js'
import {
  blobName,
  MEDIA_TYPE,
  parseManifest,
  parseParameters,
  type Layer,
  type Manifest,
  type Parameters,
} from './manifest.js'
import { ManifestStore } from './manifest-store.js'
import type { ModelName } from './model-name.js'

/**
 * Writes into a store of Ollama's layout. Every file is made aside and renamed, so that a reader, or
 * another process that writes the same, sees it whole or not at all. A manifest goes last, when all its blobs are there.
 */
export class StoreWriter {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /**
   * Runs work that looks at blobs and manifests together, such as "all blobs are there, so it may appear" or
   * "nobody else has this blob, so it may go": nobody else's such work comes in between, in any process.
   */
  async withLock<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return await withFileLock(join(this.folder, '.store.lock'), work, signal)
  }

  /** Where a blob is, or will be. */
  blobPath(digest: string): string {
    return join(this.folder, 'blobs', blobName(digest))
  }

  async hasBlob(layer: Pick<Layer, 'digest' | 'size'>): Promise<boolean> {
    try {
      return (await stat(this.blobPath(layer.digest))).size === layer.size
    } catch {
      return false
    }
  }

  /** A new name beside the blobs for a file in the making; ends in nothing that a store would read. */
  async partialPath(): Promise<string> {
    const folder = join(this.folder, 'blobs')
    await mkdir(folder, { recursive: true })
    return join(folder, `.partial-${process.pid}-${randomUUID()}`)
  }

  /** Makes a file of `partialPath` the blob of that digest. The caller has checked the digest. */
  async keepBlob(partial: string, digest: string): Promise<void> {
    await rename(partial, this.blobPath(digest))
  }

  /** Stores a small blob and gives its layer. */
  async putText(mediaType: string, text: string): Promise<Layer> {
    const bytes = Buffer.from(text)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    const layer = { mediaType, digest, size: bytes.length }
    if (!(await this.hasBlob(layer))) await writeWhole(this.blobPath(digest), bytes)
    return layer
  }

  /** Has a file elsewhere on the disk as a blob: the same bytes under two names where that can be, else a copy. */
  async adoptBlob(layer: Layer, from: string): Promise<void> {
    if (await this.hasBlob(layer)) return
    const partial = await this.partialPath()
    try {
      await link(from, partial).catch(async () => await copyFile(from, partial, constants.COPYFILE_FICLONE))
      await this.keepBlob(partial, layer.digest)
    } finally {
      await rm(partial, { force: true })
    }
  }

  /** The manifest of a model in this store; undefined where there is none. @throws StoreError `broken-model`. */
  async manifest(name: ModelName): Promise<Manifest | undefined> {
    try {
      return parseManifest(await readFile(this.#manifestPath(name), 'utf8'))
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** What a layer of parameters says. @throws StoreError `broken-model`. */
  async readParameters(layer: Layer): Promise<Parameters> {
    return parseParameters(await readFile(this.blobPath(layer.digest), 'utf8'))
  }

  /** Deletes a model, and those of its blobs that no other model has. To be called under the lock. Returns whether it was there. */
  async deleteModel(name: ModelName): Promise<boolean> {
    const manifest = await this.manifest(name).catch(() => null)
    if (manifest === undefined) return false
    await rm(this.#manifestPath(name))
    if (manifest === null) return true
    const mine = new Set([manifest.config, ...manifest.layers].map(({ digest }) => blobName(digest)))
    for (const other of await new ManifestStore(this.folder, 'own').names()) {
      // What a broken manifest refers to is not known: nothing is taken away from it then.
      const theirs = await this.manifest(other).catch(() => null)
      if (theirs === null) return true
      for (const { digest } of theirs === undefined ? [] : [theirs.config, ...theirs.layers])
        mine.delete(blobName(digest))
    }
    for (const blob of mine) await rm(join(this.folder, 'blobs', blob), { force: true })
    return true
  }

  #manifestPath(name: ModelName): string {
    return join(this.folder, 'manifests', name.host, name.namespace, name.model, name.tag)
  }

  /** Makes the model appear. */
  async putManifest(name: ModelName, config: Layer, layers: readonly Layer[]): Promise<void> {
    const path = this.#manifestPath(name)
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config,
      layers: [...layers],
    }
    await writeWhole(path, JSON.stringify(manifest))
  }
}

async function writeWhole(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // A leading dot is in no model name, so that no listing takes the file for a manifest.
  const aside = join(dirname(path), `.${process.pid}-${randomUUID()}`)
  try {
    await writeFile(aside, contents)
    await rename(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
}
