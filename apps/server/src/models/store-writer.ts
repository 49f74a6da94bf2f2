import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { blobName, MEDIA_TYPE, type Layer, type Manifest } from './manifest.js'
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

  /** Makes the model appear. */
  async putManifest(name: ModelName, config: Layer, layers: readonly Layer[]): Promise<void> {
    const path = join(this.folder, 'manifests', name.host, name.namespace, name.model, name.tag)
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
