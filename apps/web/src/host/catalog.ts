import type { ModelId } from '@berth/scheduler'
import type { HostView, ModelCard } from './contract.js'
import type { EngineSource, ListedModel, Source } from './listed-model.js'
import type { ServerSource } from './server-source.js'

/** All models of all sources, as last read. */
export class Catalog {
  readonly #changed: () => void
  /** Set once, when they have been imported. */
  engines: readonly EngineSource[] = []
  #servers: readonly ServerSource[] = []
  readonly #listed = new Map<Source, readonly ListedModel[]>()
  #reading: Promise<void> | null = null

  /** @param changed told when something is to be shown anew. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  get servers(): readonly ServerSource[] {
    return this.#servers
  }

  /** Replaces the servers; models of those that are gone are gone too. */
  set servers(servers: readonly ServerSource[]) {
    for (const had of this.#servers) if (!servers.includes(had)) this.#listed.delete(had)
    this.#servers = servers
    this.#changed()
  }

  get sources(): readonly Source[] {
    return [...this.#servers, ...this.engines]
  }

  /** Reads all lists anew; who asks while that is under way waits for the same. */
  read(): Promise<void> {
    this.#reading ??= this.#readAll(this.sources).finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  /** Resolves when no list is being read. */
  async settled(): Promise<void> {
    await this.#reading
  }

  /** Servers come and go by themselves; what this browser has changes only by what is done here. */
  readServers(): Promise<void> {
    return this.#readAll(this.#servers)
  }

  async readSource(source: Source): Promise<void> {
    const listed = await source.read()
    if (!this.sources.includes(source)) return
    this.#listed.set(source, listed)
    this.#changed()
  }

  /** The engine of this browser that has a model; null for a server's model, or one that is not known. */
  engineOf(model: ModelId): EngineSource | null {
    return this.engines.find((engine) => this.#listed.get(engine)?.some(({ id }) => id === model)) ?? null
  }

  /** Says at once that a model has been stored, or deleted; its engine is asked for the rest. */
  async storedChanged(model: ModelId): Promise<void> {
    const engine = this.engineOf(model)
    if (engine === null) return
    const stored = await engine.isStored(model)
    const listed = (this.#listed.get(engine) ?? []).map((one): ListedModel => {
      if (one.id !== model) return one
      return {
        ...one,
        stored: stored ? { state: 'stored', bytes: one.bytes } : { state: 'absent', bytes: 0 },
      }
    })
    this.#listed.set(engine, listed)
    this.#changed()
    await this.readSource(engine)
  }

  /** @param loaded of this browser's models. */
  cards(loaded: ReadonlySet<ModelId>): readonly ModelCard[] {
    return this.sources.flatMap((source) =>
      (this.#listed.get(source) ?? []).map(({ loadedThere, ...model }): ModelCard => {
        // A runner of a server's model here is a name for it, which may have left the server's memory since.
        const isLoaded = source.place === 'server' ? loadedThere : loaded.has(model.id)
        return { ...model, place: source.place, engine: source.engine, from: source.from, loaded: isLoaded }
      }),
    )
  }

  get serverViews(): HostView['servers'] {
    return this.#servers.flatMap(({ server }) => (server === null ? [] : [server]))
  }

  async #readAll(sources: readonly Source[]): Promise<void> {
    await Promise.all(sources.map((source) => this.readSource(source)))
  }
}
