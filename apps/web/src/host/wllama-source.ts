import { formatBytes, place } from '@berth/budget'
import type { Bytes, DeviceRoom, MemorySettings } from '@berth/budget'
import { BackendError } from '@berth/scheduler'
import type { Backend, ModelId } from '@berth/scheduler'
import type { WeightFile } from '../storage/index.js'
import {
  deleteModel,
  isModelStored,
  storedBytes,
  weightFiles,
  whyNot,
  WllamaBackend,
} from '../wllama/index.js'
import type { GgufModel } from '../wllama/index.js'
import type { Fit } from './contract.js'
import { nameFacts } from './families.js'
import { fitOf, unfit } from './fit.js'
import { GGUF_LIST } from './gguf-list.js'
import type { ListedGguf } from './gguf-list.js'
import type { GgufSizes } from './gguf-sizes.js'
import type { EngineSource, ListedModel } from './listed-model.js'
import { RAM } from './machine.js'
import { servedGgufs } from './served-ggufs.js'

const PREFIX = 'gguf/'

export interface WllamaSourceOptions {
  readonly origin: string
  readonly sizes: GgufSizes
  readonly room: () => readonly DeviceRoom[]
  readonly usual: () => MemorySettings
  readonly addresses: () => readonly string[]
}

/** GGUF models that llama.cpp runs in this browser's WebAssembly. */
export class WllamaSource implements EngineSource {
  readonly place = 'browser'
  readonly engine = 'wllama'
  readonly from = 'this browser'
  readonly server = null
  readonly backend: Backend
  readonly #options: WllamaSourceOptions
  #listed = new Map<ModelId, ListedGguf>()

  constructor(options: WllamaSourceOptions) {
    this.#options = options
    this.backend = new WllamaBackend({
      models: () => [...this.#listed].flatMap(([id, listed]) => this.#model(id, listed) ?? []),
    })
  }

  async read(): Promise<readonly ListedModel[]> {
    const { origin, addresses } = this.#options
    const given = addresses()
      .filter((address) => /\.gguf$/i.test(address) && URL.canParse(address))
      .map(ggufAt)
    const all = [...(await servedGgufs(origin)), ...given, ...GGUF_LIST]
    this.#listed = new Map(all.toReversed().map((listed) => [PREFIX + listed.url, listed] as const))
    return await Promise.all([...this.#listed].toReversed().map(([id, listed]) => this.#read(id, listed)))
  }

  async files(id: ModelId, signal: AbortSignal): Promise<readonly WeightFile[]> {
    const listed = this.#find(id)
    if (listed.exact === null) await this.#options.sizes.ask(listed.url, signal)
    const model = this.#model(id, listed)
    if (model === null) throw new BackendError('bad-model', `${listed.url}: nobody says how large it is`)
    return weightFiles(model)
  }

  async isStored(id: ModelId): Promise<boolean> {
    const model = this.#model(id, this.#find(id))
    return model !== null && (await isModelStored(model))
  }

  async delete(id: ModelId): Promise<void> {
    const model = this.#model(id, this.#find(id))
    if (model !== null) await deleteModel(model)
  }

  #find(id: ModelId): ListedGguf {
    const found = this.#listed.get(id)
    if (found === undefined) throw new BackendError('unknown-model', `there is no model "${id}" any more`)
    return found
  }

  /** As the engine has to know it; null as long as nobody has told its exact size. */
  #model(id: ModelId, { url, exact, capabilities }: ListedGguf): GgufModel | null {
    const bytes = exact ?? this.#options.sizes.known(url)
    if (bytes === null) return null
    const embeds = capabilities.includes('embed')
    return { id, revision: `${bytes}`, purposes: [embeds ? 'embed' : 'generate'], files: [{ url, bytes }] }
  }

  async #read(id: ModelId, listed: ListedGguf): Promise<ListedModel> {
    const model = this.#model(id, listed)
    const bytes = model?.files[0].bytes ?? listed.about
    const here = model === null ? 0 : await storedBytes(model)
    const facts = nameFacts(listed.name, listed.parameters)
    return {
      id,
      name: facts.name,
      family: listed.madeFrom === null ? facts.family : nameFacts(listed.madeFrom, listed.parameters).family,
      bytes,
      parameters: listed.parameters ?? facts.parameters,
      quantization: listed.quantization ?? facts.quantization,
      license: listed.license,
      contextLength: listed.contextLength,
      capabilities: listed.capabilities,
      fit: await this.#fit(id, bytes, here === bytes && bytes > 0),
      stored: { state: here === 0 ? 'absent' : here === bytes ? 'stored' : 'partial', bytes: here },
      loadedThere: false,
    }
  }

  /** By the file's own head where it is here, else by its size. */
  async #fit(id: ModelId, bytes: Bytes, stored: boolean): Promise<Fit> {
    const { room, usual } = this.#options
    const missing = whyNot()
    if (missing !== null) return unfit(missing)
    if (!stored) return guessedFit(bytes, room())
    try {
      const profile = await this.backend.profile(id, 'generate')
      const { contextLength } = usual()
      const fitting = Math.min(contextLength, profile.trainedContext ?? contextLength)
      return fitOf(place(profile, { ...usual(), slots: 1, contextLength: fitting }, room()), room())
    } catch (error) {
      return unfit(error instanceof Error ? error.message : String(error))
    }
  }
}

/** A worker's own memory, and a KV cache as small models have it. */
const BESIDE_WEIGHTS: Bytes = 200e6

function guessedFit(bytes: Bytes, room: readonly DeviceRoom[]): Fit {
  const free = room.find(({ device }) => device.id === RAM)?.free ?? 0
  if (bytes === 0) return { verdict: 'unknown', why: 'its server has not said how large it is' }
  const needed = bytes + BESIDE_WEIGHTS
  const why = `needs about ${formatBytes(needed)} of ${formatBytes(free)} of memory`
  return { verdict: needed > free ? 'does-not-fit' : needed > free * 0.8 ? 'tight' : 'fits', why }
}

/** A file of which the user has given the address. */
function ggufAt(url: string): ListedGguf {
  const name = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? url)
  return {
    url,
    name,
    about: 0,
    exact: null,
    parameters: null,
    license: null,
    contextLength: null,
    capabilities: [/embed|bge|minilm|e5-/i.test(name) ? 'embed' : 'chat'],
    madeFrom: null,
    quantization: null,
  }
}
