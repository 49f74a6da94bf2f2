import type { Bytes } from '@berth/budget'
import { get, set } from 'idb-keyval'
import type { Where } from '../host/index.js'

/** What the user has set, for all tabs and the host. */
export interface Settings {
  readonly theme: 'system' | 'light' | 'dark'
  /** What models may take of the GPU's memory, which no browser tells; null: what was learned, else a guess. */
  readonly gpuBudgetBytes: Bytes | null
  readonly ramBudgetBytes: Bytes | null
  readonly servers: readonly ServerSetting[]
  /** The key of the server that the page comes from, where it asks for one. */
  readonly ownKey: string | null
  /**
   * Models beside the lists that come with the page; each is one of
   * - the address of a GGUF file (it ends in .gguf), for wllama;
   * - the address of a Berth server's list of models for WebLLM (http://192.168.1.20:11434/web-models/);
   * - the address of a model's folder and, after a space, that of its compiled library, for WebLLM.
   */
  readonly modelAddresses: readonly string[]
  readonly where: Where
  /** How long a model stays loaded when idle; negative: for ever. */
  readonly keepAliveMs: number
  /** Most models loaded at one time in this browser; 0: as many as fit. */
  readonly maxLoaded: number
}

export interface ServerSetting {
  readonly name: string
  /** Such as http://192.168.1.20:11434. */
  readonly address: string
  readonly kind: 'berth' | 'ollama' | 'openai'
  readonly key?: string
}

export const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  gpuBudgetBytes: null,
  ramBudgetBytes: null,
  servers: [],
  ownKey: null,
  modelAddresses: [],
  where: 'auto',
  keepAliveMs: 5 * 60_000,
  maxLoaded: 0,
}

const KEY = 'settings'

/** What was stored, with defaults for what was not. */
export async function readSettings(): Promise<Settings> {
  return { ...DEFAULT_SETTINGS, ...(await get<Partial<Settings>>(KEY)) }
}

/** Stores them; the host is told by `HostCalls.settingsChanged`. */
export async function writeSettings(settings: Settings): Promise<void> {
  await set(KEY, settings)
}
