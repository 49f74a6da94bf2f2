import type { Bytes, Tokens } from '@berth/budget'
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
  readonly parameters: number | null
  readonly quantization: string | null
  readonly license: string | null
  readonly contextLength: Tokens | null
  readonly capabilities: readonly Capability[]
  readonly fit: Fit
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
  /** The files of a model that is downloaded; null where there is nothing to download. */
  files(model: ModelId): Promise<readonly WeightFile[] | null>
}
