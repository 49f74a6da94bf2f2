import {
  blobName,
  requireDiskSpace,
  shortName,
  type Layer,
  type ModelName,
  type StoreWriter,
} from '../models/index.js'
import { DOWNLOAD, downloadBlob, type DownloadSettings } from './download-blob.js'
import type { RegistryClient } from './registry-client.js'
import { SharedWork } from './shared-work.js'

/** How far a pull is, in Ollama's words. */
export interface PullStatus {
  readonly status: string
  readonly digest?: string
  /** Bytes of the blob. */
  readonly total?: number
  readonly completed?: number
}

export interface PullOrder {
  readonly registry: RegistryClient
  readonly store: StoreWriter
  /** As the registry knows it. */
  readonly name: ModelName
  /** The name it gets in the store. */
  readonly as: ModelName
}

/** Blobs that somebody may delete between two looks are got again, but not for ever. */
const MOST_ROUNDS = 3

/** Gets models from registries. A blob that several pulls want is downloaded once. */
export class Puller {
  readonly #downloads = new SharedWork()
  readonly #settings: DownloadSettings

  constructor(settings: DownloadSettings = DOWNLOAD) {
    this.#settings = settings
  }

  /**
   * Gets what is missing of a model, blob after blob, and makes it appear when all of it is there.
   * @throws StoreError `source-failed`, `unknown-model`, `no-disk-space`; the signal's reason. What was
   *   downloaded by then stays, and the next pull goes on from there.
   */
  async pull(order: PullOrder, report: (status: PullStatus) => void, signal: AbortSignal): Promise<void> {
    const { registry, store, name, as } = order
    report({ status: 'pulling manifest' })
    const manifest = await registry.manifest(name, signal)
    const blobs = [
      ...new Map([...manifest.layers, manifest.config].map((layer) => [layer.digest, layer])).values(),
    ]
    for (let round = 1; ; round += 1) {
      await this.#getMissing(order, blobs, report, signal)
      report({ status: 'verifying sha256 digest' })
      report({ status: 'writing manifest' })
      const whole = await store.withLock(async () => {
        for (const layer of blobs) if (!(await store.hasBlob(layer))) return false
        await store.putManifest(as, manifest.config, manifest.layers)
        return true
      }, signal)
      if (whole || round === MOST_ROUNDS) break
    }
    report({ status: 'success' })
  }

  async #getMissing(
    { registry, store, name, as }: PullOrder,
    blobs: readonly Layer[],
    report: (status: PullStatus) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const missing = new Set<Layer>()
    for (const layer of blobs) if (!(await store.hasBlob(layer))) missing.add(layer)
    const bytes = Array.from(missing).reduce((sum, { size }) => sum + size, 0)
    if (bytes > 0) await requireDiskSpace(store.folder, bytes, shortName(as))
    for (const layer of blobs) {
      const { digest, size: total } = layer
      const status = `pulling ${blobName(digest).slice('sha256-'.length).slice(0, 12)}`
      const at = (completed: number): void => report({ status, digest, total, completed })
      if (missing.has(layer)) {
        report({ status, digest, total })
        const order = { registry, store, name, layer, settings: this.#settings }
        await this.#downloads.join(
          `${store.folder} ${digest}`,
          (tell, stop) => downloadBlob(order, tell, stop),
          at,
          signal,
        )
      }
      at(total)
    }
  }
}
