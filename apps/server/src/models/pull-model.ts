import { rm } from 'node:fs/promises'
import { requireDiskSpace } from './disk-space.js'
import type { Layer } from './manifest.js'
import { shortName, type ModelName } from './model-name.js'
import type { RegistryClient } from './registry-client.js'
import type { StoreWriter } from './store-writer.js'

/** How far a pull is. */
export interface PullProgress {
  readonly doneBytes: number
  readonly totalBytes: number
}

export interface PullOptions {
  readonly signal?: AbortSignal
  readonly report?: (progress: PullProgress) => void
}

/**
 * Downloads a model into the store, blob after blob, skipping those that are there.
 * @param name as the registry knows it.
 * @param as the name it gets in the store.
 * @throws StoreError `source-failed`, `unknown-model`, `no-disk-space`; nothing half-made is left behind.
 */
export async function pullModel(
  registry: RegistryClient,
  store: StoreWriter,
  name: ModelName,
  as: ModelName,
  options: PullOptions = {},
): Promise<void> {
  const manifest = await registry.manifest(name, options.signal)
  const blobs = [
    ...new Map([manifest.config, ...manifest.layers].map((layer) => [layer.digest, layer])).values(),
  ]
  const missing: Layer[] = []
  for (const layer of blobs) if (!(await store.hasBlob(layer))) missing.push(layer)

  const totalBytes = missing.reduce((sum, layer) => sum + layer.size, 0)
  await requireDiskSpace(store.folder, totalBytes, shortName(as))
  let before = 0
  for (const layer of missing) {
    const partial = await store.partialPath()
    try {
      const report = (done: number): void => options.report?.({ doneBytes: before + done, totalBytes })
      await registry.blob(name, layer, partial, report, options.signal)
      await store.keepBlob(partial, layer.digest)
    } finally {
      await rm(partial, { force: true })
    }
    before += layer.size
  }
  await store.putManifest(as, manifest.config, manifest.layers)
}
