import { RemoteBackend } from '@berth/protocol'
import type { RemoteModel } from '@berth/protocol'
import { asBackendError } from '@berth/scheduler'
import type { Clock } from '@berth/scheduler'
import type { ServerSetting } from '../storage/index.js'
import type { Capability, Fit, ServerView } from './contract.js'
import { nameFacts } from './families.js'
import type { ListedModel, Source } from './listed-model.js'

/** Requests that one server gets of this browser at a time: as many as it may have slots, and no more than a browser has connections. */
const MOST_AT_ONCE = 4

const FIT: Fit = { verdict: 'unknown', why: 'runs on the server, in its memory' }

export interface ServerOptions {
  readonly setting: ServerSetting
  /** Nobody asked for this server (it is the page's own): where something else answers, it is not shown. */
  readonly optional: boolean
  readonly clock: Clock
  /** Told when it comes or goes, by itself or by a failed request. */
  readonly changed: (source: ServerSource) => void
}

/** The models of one server. */
export class ServerSource implements Source {
  readonly place = 'server'
  readonly engine = 'remote'
  readonly from: string
  readonly backend: RemoteBackend
  readonly #setting: ServerSetting
  readonly #optional: boolean
  /** Something else answers at the address. */
  #isNone = false

  constructor({ setting, optional, clock, changed }: ServerOptions) {
    const { name, address, kind, key } = setting
    this.#setting = setting
    this.#optional = optional
    this.from = name
    this.backend = new RemoteBackend({
      name,
      address,
      kind,
      key,
      maxConcurrent: MOST_AT_ONCE,
      prefix: `${address}/`,
      fetch: (url, init) => fetch(url, init),
      clock,
    })
    this.backend.onState(() => changed(this))
  }

  /** Whether it is this very server, with the same name, key and API. */
  serves(setting: ServerSetting): boolean {
    const { name, address, kind, key } = this.#setting
    return (
      name === setting.name && address === setting.address && kind === setting.kind && key === setting.key
    )
  }

  get server(): ServerView | null {
    if (this.#isNone) return null
    const { name, address } = this.#setting
    const { state, why } = this.backend.state
    // Before it is known whether the page comes from a server of ours there is nothing to show.
    if (this.#optional && state === 'connecting') return null
    return { name, address, state, why }
  }

  async read(): Promise<readonly ListedModel[]> {
    if (this.#isNone) return []
    try {
      // While it cannot be reached it is tried by itself, and tells when it is back.
      if (this.#canBeAsked) return (await this.backend.remoteModels()).map((model) => listed(model, FIT))
    } catch (error) {
      if (this.#optional && asBackendError(error).code === 'engine') this.#giveUp()
    }
    const { why } = this.backend.state
    const gone: Fit = { verdict: 'does-not-fit', why: why ?? `${this.from} cannot be reached` }
    return this.backend.lastModels.map((model) => ({ ...listed(model, gone), loadedThere: false }))
  }

  get #canBeAsked(): boolean {
    const { state } = this.backend.state
    return state === 'connecting' || state === 'connected'
  }

  [Symbol.dispose](): void {
    this.backend[Symbol.dispose]()
  }

  /** What answers there is no server for models, and is not asked again: a page may be served by anything. */
  #giveUp(): void {
    this.#isNone = true
    this.backend[Symbol.dispose]()
  }
}

function listed(model: RemoteModel, fit: Fit): ListedModel {
  const facts = nameFacts(model.name, model.parameters)
  return {
    id: model.id,
    name: model.name,
    family: facts.family,
    bytes: model.bytes,
    parameters: model.parameters ?? facts.parameters,
    quantization: model.quantization ?? facts.quantization,
    license: model.license,
    contextLength: model.contextLength,
    capabilities: capabilitiesOf(model.capabilities),
    fit,
    stored: { state: 'elsewhere', bytes: 0 },
    loadedThere: model.loaded ?? false,
  }
}

const CAPABILITIES: Readonly<Record<string, Capability>> = {
  completion: 'chat',
  embedding: 'embed',
  tools: 'tools',
  thinking: 'thinking',
  vision: 'vision',
}

/** In our words; who does not tell is taken to chat, as most models do. */
function capabilitiesOf(words: readonly string[] | null): readonly Capability[] {
  if (words === null) return ['chat']
  return words.flatMap((word) => CAPABILITIES[word] ?? [])
}
