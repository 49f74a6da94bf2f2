import { ProfileError, type MemoryProfile } from '@berth/budget'
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
import type { AdapterFacts } from './adapter.js'
import { loadRunner } from './load-runner.js'
import { chooseLibrary, isEmbedder, missingFeatures, type WebLlmModel } from './model.js'
import { profileOf } from './profile.js'

interface WebLlmOptions {
  /** All models there are; asked again each time. */
  readonly models: () => Promise<readonly WebLlmModel[]>
  /** This machine's GPU; null where the browser has none to give. */
  readonly adapter: AdapterFacts | null
  /** Makes a worker that runs webllm/worker/main.ts. */
  readonly spawn: () => Worker
}

/** WebLLM on this browser's GPU: one worker for each loaded model, one job at a time in each. */
export class WebLlmBackend implements Backend {
  readonly name = 'webllm'
  readonly #options: WebLlmOptions

  constructor(options: WebLlmOptions) {
    this.#options = options
  }

  async catalog(): Promise<readonly ModelInfo[]> {
    const models = await this.#options.models()
    return models.map((model) => ({
      id: model.id,
      revision: model.revision,
      bytes: Object.values(model.fileBytes).reduce((sum, bytes) => sum + bytes, 0),
      purposes: [purposeOf(model)],
    }))
  }

  async profile(id: ModelId, purpose: Purpose): Promise<MemoryProfile> {
    const model = await this.#model(id, purpose)
    try {
      return await profileOf(model, this.#options.adapter)
    } catch (error) {
      if (error instanceof ProfileError) throw new BackendError('bad-model', error.message, { cause: error })
      throw error
    }
  }

  async load(spec: LoadSpec, report: (progress: LoadProgress) => void, signal: SignalLike): Promise<Runner> {
    const model = await this.#model(spec.model, spec.purpose)
    const { adapter, spawn } = this.#options
    if (adapter === null) throw new BackendError('unsupported', 'This browser has no WebGPU')
    const missing = missingFeatures(model, adapter)
    if (missing.length > 0) {
      throw new BackendError(
        'unsupported',
        `${model.id} needs ${missing.join(', ')}, which this GPU does not have`,
      )
    }
    if (spec.slots !== 1) {
      throw new BackendError(
        'unsupported',
        `WebLLM runs one job at a time: expected 1 slot, got ${spec.slots}`,
      )
    }
    const library = chooseLibrary(model, adapter)
    return loadRunner({ model, library, adapter, spec, spawn }, report, signal)
  }

  async #model(id: ModelId, purpose: Purpose): Promise<WebLlmModel> {
    const model = (await this.#options.models()).find((candidate) => candidate.id === id)
    if (model === undefined) throw new BackendError('unknown-model', `There is no model ${id} for WebLLM`)
    if (purposeOf(model) === purpose) return model
    throw new BackendError('unsupported', `${id} does not ${purpose}`)
  }
}

function purposeOf({ record }: WebLlmModel): Purpose {
  return isEmbedder(record) ? 'embed' : 'generate'
}

/** Spawns the worker of this room. */
export function spawnWebLlmWorker(): Worker {
  return new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module', name: 'webllm' })
}
