import {
  formatBytes,
  profileFromGguf,
  tensorBytes,
  type GgufProfile,
  type MemoryProfile,
} from '@berth/budget'
import type { GgufHead } from '@berth/protocol'
import {
  BackendError,
  type Backend,
  type LoadProgress,
  type LoadSpec,
  type ModelId,
  type ModelInfo,
  type Purpose,
  type Runner,
  type SignalLike,
} from '@berth/scheduler'
import { engineFacts, MOST_MEMORY } from './engine-facts.js'
import type { LogLevel } from './engine-log.js'
import { fetchMissing } from './fetch-missing.js'
import { bytesOfModel, type GgufModel } from './gguf-model.js'
import { readHead } from './gguf-sources.js'
import { whyNot } from './support.js'
import { storedBlobs } from './weight-chunks.js'

export interface WllamaBackendOptions {
  /** The models there are now; asked whenever they are needed. */
  readonly models: () => readonly GgufModel[] | Promise<readonly GgufModel[]>
  /** Takes what the engine says, with the model that it is about. */
  readonly log?: (level: LogLevel, model: ModelId, text: string) => void
}

/** Models that llama.cpp runs in WebAssembly: a worker for each. Works in pages and in workers. */
export class WllamaBackend implements Backend {
  readonly name = 'wllama'
  readonly #options: WllamaBackendOptions
  /** What was read of each model's file, of its latest revision only. */
  readonly #heads = new Map<ModelId, { readonly revision: string; readonly head: Promise<GgufHead> }>()

  constructor(options: WllamaBackendOptions) {
    this.#options = options
  }

  async catalog(): Promise<readonly ModelInfo[]> {
    const models = await this.#options.models()
    return models.map((model) => ({
      id: model.id,
      revision: model.revision,
      bytes: bytesOfModel(model),
      purposes: model.purposes,
    }))
  }

  async profile(id: ModelId, purpose: Purpose): Promise<MemoryProfile> {
    const model = await this.#model(id)
    return profileOf(model, await this.#head(model), purpose)
  }

  async load(spec: LoadSpec, report: (progress: LoadProgress) => void, signal: SignalLike): Promise<Runner> {
    const missing = whyNot()
    if (missing !== null) throw new BackendError('unsupported', missing)
    const model = await this.#model(spec.model)
    if (model.revision !== spec.revision) {
      throw new BackendError(
        'unknown-model',
        `${spec.model} was replaced by another revision before it was loaded`,
      )
    }
    if (spec.adapters.length > 0) throw new BackendError('unsupported', 'This engine is given no adapters')
    const head = await this.#head(model)
    const { engine } = profileOf(model, head, spec.purpose)
    const needed = spec.placement.bytes.reduce((sum, { bytes }) => sum + bytes, 0) - engine.hostOverhead
    if (needed > MOST_MEMORY) throw tooLarge(spec.model, needed)
    let blobs = await storedBlobs(model)
    if (blobs === null) {
      await fetchMissing(model, report, signal)
      blobs = await storedBlobs(model)
    }
    if (signal.aborted) throw new BackendError('aborted', 'The load was cancelled')
    if (blobs === null)
      throw new BackendError('bad-model', `${spec.model} is not wholly in this browser's storage`)
    // The engine is large, and most visits load none.
    const { loadRunner } = await import('./load-runner.js')
    const log = (level: LogLevel, text: string): void => this.#options.log?.(level, spec.model, text)
    return loadRunner({ spec, head, blobs, batch: engine.batchSize, report, signal, log })
  }

  async #model(id: ModelId): Promise<GgufModel> {
    const models = await this.#options.models()
    const model = models.find((candidate) => candidate.id === id)
    if (model !== undefined) return model
    this.#heads.delete(id)
    throw new BackendError('unknown-model', `There is no model ${id}`)
  }

  async #head(model: GgufModel): Promise<GgufHead> {
    let known = this.#heads.get(model.id)
    if (known?.revision !== model.revision) {
      known = { revision: model.revision, head: readHead(model) }
      this.#heads.set(model.id, known)
    }
    try {
      return await known.head
    } catch (error) {
      // A file that could not be read is looked at again.
      if (this.#heads.get(model.id) === known) this.#heads.delete(model.id)
      throw error
    }
  }
}

function profileOf(model: GgufModel, head: GgufHead, purpose: Purpose): GgufProfile {
  const weights = head.tensors.reduce((sum, { type, shape }) => sum + tensorBytes(type, shape), 0)
  if (weights > MOST_MEMORY) throw tooLarge(model.id, weights)
  try {
    return profileFromGguf(head, engineFacts(head, purpose, weights))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new BackendError('bad-model', `${model.id}: ${why}`, { cause: error })
  }
}

function tooLarge(model: ModelId, bytes: number): BackendError {
  return new BackendError(
    'out-of-memory',
    `${model} needs ${formatBytes(bytes)}, and a WebAssembly memory ends at ${formatBytes(MOST_MEMORY)}`,
  )
}
