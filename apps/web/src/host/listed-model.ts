import type { Bytes, MemoryProfile, Tokens } from '@berth/budget'
import type { Backend, ModelId } from '@berth/scheduler'
import type { WeightFile } from '../storage/index.js'
import type { Capability, EngineName, Fit, Place, ServerView, Stored } from './contract.js'

/** A model as its source lists it, before the host has judged it. */
export interface ListedModel {
  /** Its full name in the scheduler. */
  readonly id: ModelId
  readonly name: string
  readonly family: string
  readonly bytes: Bytes
  readonly bytesGuessed?: boolean
  readonly parameters: number | null
  readonly quantization: string | null
  readonly license: string | null
  readonly contextLength: Tokens | null
  readonly capabilities: readonly Capability[]
  readonly fit: Fit
  readonly profile?: MemoryProfile
  readonly stored: Stored
  /** Whether a server has it loaded; of this browser's the scheduler knows. */
  readonly loadedThere: boolean
}

/** Where models come from: an engine of this browser, or a server. */
export interface Source {
  readonly place: Place
  readonly engine: EngineName
  /** "this browser", "this server", or a server's name. */
  readonly from: string
  readonly backend: Backend
  /** Reads its list anew; never rejects: a source that cannot be read has no models, and a server says so. */
  read(): Promise<readonly ListedModel[]>
  /** How a server does; null where this is none, or where nothing was found that would be one. */
  readonly server: ServerView | null
}

/** An engine of this browser, whose models have to be fetched before they can be loaded. */
export interface EngineSource extends Source {
  readonly place: 'browser'
  readonly server: null
  /**
   * The files of a model, in the order in which they are best fetched.
   * @throws BackendError where the network fails (`lost`), or they are no model's.
   */
  files(model: ModelId, signal: AbortSignal): Promise<readonly WeightFile[]>
  /** Whether a model can be loaded without the network. */
  isStored(model: ModelId): Promise<boolean>
  /** Deletes what is stored of a model. */
  delete(model: ModelId): Promise<void>
}
