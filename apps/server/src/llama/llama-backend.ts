import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  cpuFeaturesOf,
  type EngineFacts,
  type GgufMetadata,
  type MemoryProfile,
  profileFromGguf,
} from '@berth/budget'
import {
  asBackendError,
  type Backend,
  BackendError,
  type Clock,
  type LoadProgress,
  type LoadSpec,
  type ModelId,
  type ModelInfo,
  type Purpose,
  type Runner,
  type SignalLike,
} from '@berth/scheduler'
import { readGgufMetadata } from '../models/index.js'
import { visibleGpus } from './devices.js'
import { embedTexts } from './embed-texts.js'
import { startRunner } from './load-runner.js'
import type { FlashAttention, GpuChoice, LoadOrder, ProbeResult } from './protocol.js'
import { probeEngine } from './probe-child.js'
import type { StopTimes } from './stop-ladder.js'

/** A model's file on this machine. */
export interface ModelFile {
  /** The GGUF, or the first of a split one. */
  readonly path: string
  /** The catalog's. */
  readonly revision: string
  /** LoRA files that belong to the model, applied before those that a load asks for. */
  readonly adapters?: readonly string[]
}

/** Where the backend's models come from. */
export interface ModelSource {
  list(): Promise<readonly ModelInfo[]>
  /** Null where there is no such model (any more). */
  resolve(model: ModelId): Promise<ModelFile | null>
}

export interface LlamaBackendOptions {
  readonly models: ModelSource
  readonly engine: {
    readonly gpu: GpuChoice
    /** The machine's cores: the most threads that a runner may ever have. */
    readonly cores: number
    /** Absent: `auto`. */
    readonly flashAttention?: FlashAttention
    /** What `detectDevices` found; absent: looked up when it is first needed. */
    readonly probe?: ProbeResult
  }
  readonly clock: Clock
  readonly stop?: StopTimes
  /** Takes what the engine says, with the model that it is about. */
  readonly log?: (level: 'debug' | 'warn' | 'error', model: ModelId, text: string) => void
}

/** Tokens in one decode call at most: the engine's own default. */
const BATCH = 512
/**
 * Resident bytes of a child with the engine's library and no model: 88 to 104 MB measured on Linux with
 * Node 20 and 22. A constant, so that an estimate and a measurement have the same.
 */
const HOST_OVERHEAD = 100e6
/** What a CUDA context takes on its GPU before anything is loaded; for Vulkan and Metal it is less. */
const GPU_OVERHEAD = 450e6

const STOP_TIMES: StopTimes = { askMs: 2_000, termMs: 3_000 }

/** The head of a model's file. */
interface Head {
  readonly path: string
  readonly revision: string
  readonly metadata: Promise<GgufMetadata>
}

/** Models that llama.cpp runs: one child process each. */
export class LlamaBackend implements Backend {
  readonly name = 'llama'
  readonly #options: LlamaBackendOptions
  #probe: Promise<ProbeResult> | null
  /** What was read of each model's file, of its latest revision only: servers run for months. */
  readonly #heads = new Map<ModelId, Head>()

  constructor(options: LlamaBackendOptions) {
    this.#options = options
    this.#probe = options.engine.probe === undefined ? null : Promise.resolve(options.engine.probe)
  }

  async catalog(): Promise<readonly ModelInfo[]> {
    return this.#options.models.list()
  }

  async profile(model: ModelId, purpose: Purpose): Promise<MemoryProfile> {
    const file = await this.#file(model)
    return this.#profileOf(model, file, purpose, await this.#engine())
  }

  async load(spec: LoadSpec, report: (progress: LoadProgress) => void, signal: SignalLike): Promise<Runner> {
    const file = await this.#file(spec.model)
    if (file.revision !== spec.revision) {
      throw new BackendError(
        'unknown-model',
        `${spec.model} was replaced by another revision before it was loaded`,
      )
    }
    const engine = await this.#engine()
    const profile = await this.#profileOf(spec.model, file, spec.purpose, engine)
    if (signal.aborted) throw new BackendError('aborted', 'The load was cancelled')
    const { placement } = spec
    const onGpu = placement.gpuLayers > 0
    const order: LoadOrder = {
      path: file.path,
      parkingFolder: join(tmpdir(), `berth-parked-${randomUUID()}`),
      adapters: [...(file.adapters ?? []), ...spec.adapters],
      purpose: spec.purpose,
      contextLength: spec.contextLength,
      slots: spec.slots,
      kvType: spec.kvType,
      flashAttention: this.#flashAttention,
      gpuLayers: placement.gpuLayers,
      useMmap: profile.mmap,
      batchSize: profile.engine.batchSize,
      embedLimit: embedTexts(await this.#metadataOf(spec.model, file)).limit(spec.contextLength),
      threads: spec.threads,
      maxThreads: Math.max(this.#options.engine.cores, spec.threads),
    }
    const gpus = placement.split
      .filter(({ layers }) => layers > 0)
      .map(({ device }) => Number(device.replace(/\D/g, '')))
    return startRunner({
      spec,
      order,
      gpu: onGpu ? engine.gpu : false,
      env: (onGpu ? visibleGpus(engine.gpu, gpus) : null) ?? {},
      overhead: { host: HOST_OVERHEAD, gpu: onGpu ? GPU_OVERHEAD : 0 },
      report,
      signal,
      clock: this.#options.clock,
      stop: this.#options.stop ?? STOP_TIMES,
      log: (level, text) => this.#options.log?.(level, spec.model, text),
    })
  }

  async #file(model: ModelId): Promise<ModelFile> {
    const file = await this.#options.models.resolve(model)
    if (file !== null) return file
    this.#heads.delete(model)
    throw new BackendError('unknown-model', `There is no model ${model}`)
  }

  async #profileOf(
    model: ModelId,
    file: ModelFile,
    purpose: Purpose,
    engine: ProbeResult,
  ): Promise<ReturnType<typeof profileFromGguf>> {
    const metadata = await this.#metadataOf(model, file)
    try {
      return profileFromGguf(metadata, engineFacts(purpose, metadata, engine, this.#flashAttention))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new BackendError('bad-model', `${file.path}: ${why}`, { cause: error })
    }
  }

  async #metadataOf(model: ModelId, { path, revision }: ModelFile): Promise<GgufMetadata> {
    let head = this.#heads.get(model)
    if (head?.path !== path || head.revision !== revision) {
      head = { path, revision, metadata: readGgufMetadata(path) }
      this.#heads.set(model, head)
    }
    try {
      return await head.metadata
    } catch (error) {
      // A file that could not be read is looked at again.
      if (this.#heads.get(model) === head) this.#heads.delete(model)
      throw asBackendError(error)
    }
  }

  get #flashAttention(): FlashAttention {
    return this.#options.engine.flashAttention ?? 'auto'
  }

  async #engine(): Promise<ProbeResult> {
    this.#probe ??= probeEngine(this.#options.engine.gpu)
    try {
      return await this.#probe
    } catch (error) {
      this.#probe = null
      throw error
    }
  }
}

/** What the arithmetic of memory has to know of how this backend uses the engine. */
function engineFacts(
  purpose: Purpose,
  metadata: GgufMetadata,
  engine: ProbeResult,
  flashAttention: FlashAttention,
): EngineFacts {
  return {
    batchSize: purpose === 'embed' ? embedTexts(metadata).batchSize : BATCH,
    flashAttention: flashAttention !== false,
    contexts: purpose === 'embed' ? 'own' : 'shared',
    cpuFeatures: cpuFeaturesOf(engine.systemInfo),
    // A mapping is dropped and read again by the kernel as it likes, but beside rearranged weights it is a second copy.
    mmap: 'unless-repacked',
    hostOverhead: HOST_OVERHEAD,
    gpuOverhead: GPU_OVERHEAD,
  }
}
