import { RemoteBackend, type RemoteModel, type RemoteTimeouts } from '@berth/protocol'
import { asBackendError, type Clock, type ModelId } from '@berth/scheduler'
import type { Logger } from 'pino'
import type { UpstreamConfig } from '../config/index.js'
import type { ModelSource } from '../generate/index.js'
import type { StoredModel } from '../models/index.js'
import { upstreamDescription, upstreamFacts, upstreamModel } from './upstream-model.js'

/** How old a list of models may be for a request that names one; who lists them is told anew. */
const FRESH_MS = 5_000

interface Upstream {
  readonly backend: RemoteBackend
  readonly address: string
  askedAt: number
  /** The last answer, or the question that is under way. */
  models: Promise<readonly RemoteModel[]> | null
  /** Revisions as last seen. */
  readonly seen: Map<ModelId, string>
}

export interface UpstreamParts {
  readonly configs: readonly UpstreamConfig[]
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly timeouts?: Partial<RemoteTimeouts>
}

/** Other servers whose models are offered here: the engines for the scheduler, and what the routes show of them. */
export class Upstreams {
  readonly #all: readonly Upstream[]
  readonly #clock: Clock
  /** Whose models they are that the routes were given. */
  readonly #origin = new WeakMap<StoredModel, { readonly of: Upstream; readonly model: RemoteModel }>()

  constructor({ configs, clock, log, timeouts = {} }: UpstreamParts) {
    this.#clock = clock
    this.#all = configs.map((config) => {
      const backend = new RemoteBackend({ ...config, fetch, clock, timeouts })
      backend.onState(({ state, why }) => {
        const about = { upstream: config.name, state }
        if (state === 'connected') log.info(about, `upstream ${config.name} is connected`)
        else log.warn(about, `upstream ${config.name} is passed over: ${why ?? state}`)
      })
      return { backend, address: config.address, askedAt: -Infinity, models: null, seen: new Map() }
    })
  }

  /** In the order of the configuration, which is that of preference. */
  get backends(): readonly RemoteBackend[] {
    return this.#all.map(({ backend }) => backend)
  }

  /** Asks all of them for the first time, so that the log says soon what is wrong. */
  connect(): void {
    for (const one of this.#all) this.#ask(one).catch(() => {})
  }

  /** Asks no more by itself. */
  stop(): void {
    for (const { backend } of this.#all) backend[Symbol.dispose]()
  }

  /**
   * The models of this machine, and behind them those of the upstreams whose names are not taken yet.
   * @param changed is called when a model of an upstream is another than at the last look.
   */
  behind(local: ModelSource, changed: (model: ModelId) => void): ModelSource {
    if (this.#all.length === 0) return local
    return {
      list: async () => {
        const [own, ...lists] = await Promise.all([
          local.list(),
          ...this.#all.map((one) => this.#offered(one, 0, changed)),
        ])
        const names = new Set(own.map(({ name }) => name))
        const others: StoredModel[] = []
        for (const model of lists.flat()) {
          if (names.has(model.name)) continue
          names.add(model.name)
          others.push(model)
        }
        return [...own, ...others]
      },
      find: async (name) => (await local.find(name)) ?? (await this.#find(name, changed)),
      facts: async (model) => {
        const origin = this.#origin.get(model)
        return origin === undefined ? await local.facts(model) : upstreamFacts(origin.model)
      },
      listedFacts: async (model) => {
        const origin = this.#origin.get(model)
        if (origin === undefined) return await local.listedFacts(model)
        // What its server does not tell, a list does not guess.
        const { facts, capabilities } = upstreamFacts(origin.model)
        return { ...facts, capabilities: origin.model.capabilities === null ? [] : capabilities }
      },
      describe: async (model) => {
        const origin = this.#origin.get(model)
        if (origin === undefined) return await local.describe(model)
        const shown = await origin.of.backend.show(origin.model.id)
        return upstreamDescription(model, origin.model, shown)
      },
    }
  }

  async #find(name: string, changed: (model: ModelId) => void): Promise<StoredModel | undefined> {
    const lists = await Promise.all(this.#all.map((one) => this.#offered(one, FRESH_MS, changed)))
    const named = (wanted: string): StoredModel | undefined =>
      lists.flat().find((model) => model.name === wanted) ?? this.#remembered(wanted)
    return named(name) ?? (name.includes(':') ? undefined : named(`${name}:latest`))
  }

  /** A model of an upstream that cannot be asked now: the request for it ends with the reason, not with "not found". */
  #remembered(name: string): StoredModel | undefined {
    for (const one of this.#all) {
      const model = one.backend.lastModels.find((candidate) => candidate.name === name)
      if (model !== undefined && one.backend.state.state !== 'connected') return this.#stored(one, model)
    }
    return undefined
  }

  /** Its models; none where it cannot be asked, which the log tells. */
  async #offered(
    one: Upstream,
    freshMs: number,
    changed: (model: ModelId) => void,
  ): Promise<readonly StoredModel[]> {
    let models: readonly RemoteModel[]
    try {
      models = await this.#ask(one, freshMs)
    } catch (error) {
      // Too busy to list them is not gone.
      if (asBackendError(error).code !== 'busy') return []
      models = one.backend.lastModels
    }
    for (const { id, revision } of models) {
      const before = one.seen.get(id)
      one.seen.set(id, revision)
      if (before !== undefined && before !== revision) changed(id)
    }
    return models.map((model) => this.#stored(one, model))
  }

  #ask(one: Upstream, freshMs = 0): Promise<readonly RemoteModel[]> {
    const now = this.#clock.now()
    const { backend } = one
    if (one.models !== null && now - one.askedAt < freshMs && backend.state.state === 'connected') {
      return one.models
    }
    one.askedAt = now
    one.models = backend.remoteModels()
    return one.models
  }

  #stored(of: Upstream, model: RemoteModel): StoredModel {
    const stored = upstreamModel(model, of.address)
    this.#origin.set(stored, { of, model })
    return stored
  }
}
