import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { StoreError, withFileLock, type Layer, type ModelName, type StoreWriter } from '../models/index.js'
import { newParts, removeParts, savedParts, saveParts, type Part, type PartSizes } from './download-state.js'
import { NoRangesError, type RegistryClient } from './registry-client.js'
import { retried, TransientError } from './retry.js'

export interface DownloadSettings extends PartSizes {
  /** Parts that are downloaded at the same time. */
  readonly atOnce: number
  /** After so many bytes the state is saved: that much is downloaded twice after a crash, at most, of every part. */
  readonly saveEveryBytes: number
}

const MiB = 2 ** 20

export const DOWNLOAD: DownloadSettings = {
  parts: 16,
  leastBytes: 16 * MiB,
  mostBytes: 256 * MiB,
  atOnce: 4,
  saveEveryBytes: 8 * MiB,
}

export interface BlobOrder {
  readonly registry: RegistryClient
  readonly store: StoreWriter
  /** The model as the registry knows it. */
  readonly name: ModelName
  readonly layer: Layer
  readonly settings: DownloadSettings
}

/**
 * Downloads a blob into the store in parts, several at a time, and goes on where an earlier try stopped,
 * however that ended. Its digest is checked before it gets its name. Another process that downloads the same is
 * waited for.
 * @param report how many bytes there are by now.
 * @throws StoreError `source-failed`; what was downloaded stays for the next try, unless it is wrong.
 */
export async function downloadBlob(
  order: BlobOrder,
  report: (doneBytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { store, layer } = order
  const partial = `${store.blobPath(layer.digest)}-partial`
  await withFileLock(
    `${partial}.lock`,
    async () => {
      if (await store.hasBlob(layer)) return report(layer.size)
      await new BlobDownload(order, partial, report, signal).run()
      await checkDigest(partial, layer, order.name.host)
      await store.keepBlob(partial, layer.digest)
      await removeParts(`${partial}.json`)
    },
    signal,
  )
}

class BlobDownload {
  readonly #order: BlobOrder
  readonly #partial: string
  readonly #state: string
  readonly #report: (doneBytes: number) => void
  readonly #signal: AbortSignal
  #parts: Part[] = []
  #unsaved = 0
  /** Saves are one after the other, so that a late one never undoes a later. */
  #saving: Promise<void> = Promise.resolve()

  constructor(order: BlobOrder, partial: string, report: (doneBytes: number) => void, signal: AbortSignal) {
    this.#order = order
    this.#partial = partial
    this.#state = `${partial}.json`
    this.#report = report
    this.#signal = signal
  }

  async run(): Promise<void> {
    const { layer, settings } = this.#order
    const begun = (await isFileOf(this.#partial, layer.size))
      ? await savedParts(this.#state, layer.size)
      : null
    this.#parts = begun ?? newParts(layer.size, settings)
    const file = await open(this.#partial, begun === null ? 'w+' : 'r+')
    try {
      await file.truncate(layer.size)
      this.#told()
      try {
        await this.#side(file)
      } catch (error) {
        if (!(error instanceof NoRangesError)) throw error
        await this.#whole(file)
      }
    } finally {
      await this.#saving.catch(() => undefined)
      await saveParts(this.#state, this.#parts)
      await file.close()
    }
  }

  /** All parts that are not done, several side by side; the first that fails ends the others. */
  async #side(file: FileHandle): Promise<void> {
    const failed = new AbortController()
    const { signal } = failed
    const leave = (): void => failed.abort(this.#signal.reason)
    this.#signal.throwIfAborted()
    this.#signal.addEventListener('abort', leave, { once: true })
    const waiting = this.#parts.filter(isOpen)
    const work = async (): Promise<void> => {
      for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
        try {
          await this.#fetch(file, part, signal)
        } catch (error) {
          failed.abort(error)
          throw error
        }
      }
    }
    const workers = Array.from({ length: Math.min(this.#order.settings.atOnce, waiting.length) }, work)
    await Promise.allSettled(workers)
    this.#signal.removeEventListener('abort', leave)
    signal.throwIfAborted()
  }

  async #fetch(file: FileHandle, part: Part, signal: AbortSignal): Promise<void> {
    const { registry, name, layer } = this.#order
    await retried(registry.retries, signal, async (progressed) => {
      const range = { from: part.from + part.done, to: part.to }
      for await (const chunk of registry.blob(name, layer, range, signal)) {
        await this.#write(file, part, chunk)
        progressed()
      }
      if (isOpen(part)) throw new TransientError(`${name.host} broke off in the middle of ${layer.digest}`)
    })
  }

  /** From a host that knows no parts: one after the other from the beginning, at every try. */
  async #whole(file: FileHandle): Promise<void> {
    const { registry, name, layer } = this.#order
    await retried(registry.retries, this.#signal, async () => {
      const part: Part = { from: 0, to: layer.size, done: 0 }
      this.#parts = [part]
      for await (const chunk of registry.blob(name, layer, null, this.#signal)) {
        await this.#write(file, part, chunk)
      }
      if (isOpen(part)) throw new TransientError(`${name.host} broke off in the middle of ${layer.digest}`)
    })
  }

  async #write(file: FileHandle, part: Part, chunk: Uint8Array): Promise<void> {
    const { name, layer, settings } = this.#order
    const at = part.from + part.done
    if (at + chunk.byteLength > part.to) {
      throw new StoreError('source-failed', `${name.host} sent more than there is of ${layer.digest}`)
    }
    for (let written = 0; written < chunk.byteLength;) {
      const { bytesWritten } = await file.write(chunk, written, chunk.byteLength - written, at + written)
      written += bytesWritten
    }
    part.done += chunk.byteLength
    this.#unsaved += chunk.byteLength
    this.#told()
    if (this.#unsaved < settings.saveEveryBytes) return
    this.#unsaved = 0
    this.#saving = this.#saving.then(() => saveParts(this.#state, this.#parts))
    await this.#saving
  }

  #told(): void {
    this.#report(this.#parts.reduce((sum, { done }) => sum + done, 0))
  }
}

const isOpen = ({ from, to, done }: Part): boolean => from + done < to

async function isFileOf(path: string, bytes: number): Promise<boolean> {
  try {
    return (await stat(path)).size === bytes
  } catch {
    return false
  }
}

/** Throws a wrong file away, so that the next try begins anew. */
async function checkDigest(partial: string, layer: Layer, host: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(partial, { highWaterMark: 4 * MiB })) hash.update(chunk)
  if (hash.digest('hex') === layer.digest.slice(-64)) return
  await rm(partial, { force: true })
  await removeParts(`${partial}.json`)
  throw new StoreError('source-failed', `${host} sent something else than ${layer.digest}`)
}
