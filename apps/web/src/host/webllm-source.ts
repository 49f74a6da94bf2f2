import { place, ProfileError, profileFromWebLlm } from '@berth/budget'
import type { Bytes, DeviceRoom, MemorySettings, WebLlmProfile } from '@berth/budget'
import type { Backend, ModelId } from '@berth/scheduler'
import type { WeightFile } from '../storage/index.js'
import {
  chooseLibrary,
  deleteModel,
  isModelStored,
  missingFeatures,
  recordFacts,
  spawnWebLlmWorker,
  WebLlmBackend,
  weightFiles,
} from '../webllm/index.js'
import type { AdapterFacts, WebLlmModel } from '../webllm/index.js'
import type { Capability, Fit } from './contract.js'
import { nameFacts } from './families.js'
import { fitOf, unfit } from './fit.js'
import type { EngineSource, ListedModel } from './listed-model.js'
import { knownFacts } from './known-models.js'
import { listedModels, modelAt, prebuiltModels } from './webllm-models.js'
import type { ListedWebLlm } from './webllm-models.js'

/** WebLLM's numbers for kinds of models. */
const EMBEDS = 1
const SEES = 2

export interface WebLlmSourceOptions {
  readonly adapter: AdapterFacts
  /** Where the page comes from. */
  readonly origin: string
  /** The empty machine. */
  readonly room: () => readonly DeviceRoom[]
  /** With which settings a model would be loaded where nobody says more. */
  readonly usual: () => MemorySettings
  /** Addresses that the user has added, one of a kind each (see `modelAddresses` in storage/settings.ts). */
  readonly addresses: () => readonly string[]
}

/** Models for WebLLM on this browser's GPU: its own list, the page's server's, and those by address. */
export class WebLlmSource implements EngineSource {
  readonly place = 'browser'
  readonly engine = 'webllm'
  readonly from = 'this browser'
  readonly server = null
  readonly backend: Backend
  readonly #options: WebLlmSourceOptions
  #models: readonly ListedWebLlm[] = []

  constructor(options: WebLlmSourceOptions) {
    this.#options = options
    this.backend = new WebLlmBackend({
      models: () => Promise.resolve(this.#models.map(({ model }) => model)),
      adapter: options.adapter,
      spawn: spawnWebLlmWorker,
    })
  }

  async read(): Promise<readonly ListedModel[]> {
    const { origin, addresses } = this.#options
    const lists = addresses().flatMap((address) => listOf(address))
    const answers = await Promise.allSettled([
      listedModels(`${origin}/web-models/`),
      ...lists,
      prebuiltModels(),
    ])
    const all = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    // Of a model that several lists have the first counts.
    this.#models = [...new Map(all.toReversed().map((one) => [one.model.id, one])).values()].toReversed()
    return await Promise.all(this.#models.map((one) => this.#listed(one)))
  }

  files(model: ModelId, signal: AbortSignal): Promise<readonly WeightFile[]> {
    return weightFiles(this.#find(model), this.#options.adapter, signal)
  }

  isStored(model: ModelId): Promise<boolean> {
    return isModelStored(this.#find(model), this.#options.adapter)
  }

  async delete(model: ModelId): Promise<void> {
    const mine = this.#find(model)
    const others = this.#models.filter((one) => one.model !== mine)
    const stored = await Promise.all(
      others.map(async (one) => ((await isModelStored(one.model, this.#options.adapter)) ? [one.model] : [])),
    )
    await deleteModel(mine, stored.flat())
  }

  #find(id: ModelId): WebLlmModel {
    const found = this.#models.find(({ model }) => model.id === id)
    if (found === undefined) throw new Error(`there is no model "${id}" any more`)
    return found.model
  }

  async #listed(listed: ListedWebLlm): Promise<ListedModel> {
    const { model, spelled, madeFrom } = listed
    const facts = nameFacts(spelled, listed.parameters)
    const known = knownFacts(facts.name)
    const parameters = listed.parameters ?? known.parameters ?? facts.parameters
    const quantization = listed.quantization ?? facts.quantization
    const told = this.#bytesOf(model)
    const bytes = told || guessedBytes(parameters, quantization)
    const stored = await isModelStored(model, this.#options.adapter)
    const profile = guessedProfile(model)
    return {
      id: model.id,
      name: facts.name,
      family: madeFrom === null ? facts.family : nameFacts(madeFrom, parameters).family,
      bytes,
      bytesGuessed: told === 0,
      parameters,
      quantization,
      license: listed.license ?? known.license,
      contextLength: listed.contextLength,
      capabilities: [...capabilitiesOf(model), ...(known.thinks ? (['thinking'] as const) : [])],
      fit: this.#fit(model, profile),
      ...(profile === null ? {} : { profile }),
      stored: stored ? { state: 'stored', bytes } : { state: 'absent', bytes: 0 },
      loadedThere: false,
    }
  }

  #bytesOf(model: WebLlmModel): Bytes {
    const files = Object.values(model.fileBytes)
    if (files.length === 0) return 0
    const library = chooseLibrary(model, this.#options.adapter).bytes ?? 0
    return files.reduce((sum, bytes) => sum + bytes, library)
  }

  #fit(model: WebLlmModel, profile: WebLlmProfile | null): Fit {
    const { adapter, room, usual } = this.#options
    const missing = missingFeatures(model, adapter)
    if (missing.length > 0) return unfit(`needs ${missing.join(', ')}, which this GPU does not have`)
    if (profile === null) return { verdict: 'unknown', why: 'known when its first files have been fetched' }
    const { contextLength } = usual()
    const settings: MemorySettings = {
      ...usual(),
      slots: 1,
      contextLength: Math.min(contextLength, profile.trainedContext ?? contextLength),
    }
    return fitOf(place(profile, settings, room()), room())
  }
}

/** By what its list says; null where that says nothing of memory. */
function guessedProfile(model: WebLlmModel): WebLlmProfile | null {
  try {
    return profileFromWebLlm(recordFacts(model))
  } catch (error) {
    if (error instanceof ProfileError) return null
    throw error
  }
}

/** What a user's address stands for here; GGUF files are another engine's. */
function listOf(address: string): readonly (Promise<readonly ListedWebLlm[]> | readonly ListedWebLlm[])[] {
  // As it was typed, or as a URL would spell the space between the two.
  const [folder, library] = address.trim().split(/(?:\s|%20)+(?=https?:)/)
  if (folder === undefined || !URL.canParse(folder) || /\.gguf$/i.test(folder)) return []
  if (library !== undefined) return URL.canParse(library) ? [[modelAt(folder, library)]] : []
  return [listedModels(folder)]
}

function capabilitiesOf({ record }: WebLlmModel): readonly Capability[] {
  const kind: number = record.model_type ?? 0
  if (kind === EMBEDS) return ['embed']
  return kind === SEES ? ['chat', 'vision'] : ['chat']
}

/** Bits a weight of WebLLM's quantizations, scales included. */
const BITS: Readonly<Record<string, number>> = {
  q0f16: 16,
  q0f32: 32,
  q3f16_1: 3.5,
  q4f16_0: 4.5,
  q4f16_1: 4.5,
  q4f32_1: 5,
}

/** What a download comes to where its list does not say: by the name, to some percent. */
function guessedBytes(parameters: number | null, quantization: string | null): Bytes {
  const bits = BITS[quantization?.toLowerCase() ?? '']
  return parameters === null || bits === undefined ? 0 : Math.round((parameters * bits) / 8)
}
