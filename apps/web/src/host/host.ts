import { DEFAULT_SETTINGS as SCHEDULER_SETTINGS, Scheduler } from '@berth/scheduler'
import type { Backend, BackendError, Clock, LoadSpec, ModelId, SchedulerSettings } from '@berth/scheduler'
import type { MemoryBudget } from '@berth/budget'
import { Downloads, quotaAdvice, storedDownloadList, storedParts } from '../downloads/index.js'
import { readSettings, readStorage } from '../storage/index.js'
import type { Settings } from '../storage/index.js'
import { HostError } from './ask-error.js'
import { Asks } from './asks.js'
import { Catalog } from './catalog.js'
import type { Ask, AskEvent, HostCalls, HostView, WatchMessage } from './contract.js'
import { GgufSizes } from './gguf-sizes.js'
import type { EngineSource } from './listed-model.js'
import { GPU, Machine, RAM } from './machine.js'
import { openEngines } from './open-engines.js'
import { openServers } from './open-servers.js'
import { Preparations } from './preparations.js'
import { Remembered } from './remembered.js'
import type { ServerKeys } from './server-keys.js'
import type { Desk } from './tab-sessions.js'
import { ViewStore } from './view-store.js'
import { watchLoads } from './watch-loads.js'
import { watchScheduler } from './watch-scheduler.js'

/** How often servers are asked again by themselves what they have and have loaded. */
const SERVERS_MS = 15_000

/** How often the disk space is looked at while something is downloaded, at most. */
const STORAGE_MS = 5_000

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** The scheduler with everything below it, for the tabs of this browser. */
export class Host implements Desk {
  readonly #clock: Clock
  readonly #keys: ServerKeys
  readonly #machine: Machine
  readonly #remembered: Remembered
  readonly #budget: MemoryBudget
  readonly #scheduler: Scheduler
  readonly #asks: Asks
  readonly #view: ViewStore
  readonly #catalog: Catalog
  readonly #downloads: Downloads
  readonly #preparations: Preparations
  /** The scheduler reads both anew at every decision, so that what is set holds from then on. */
  readonly #schedulerSettings: Writable<SchedulerSettings> = { ...SCHEDULER_SETTINGS }
  readonly #backends: Backend[] = []
  #settings: Settings
  /** Resolves when all lists have been read for the first time. */
  #begun: Promise<void> = Promise.resolve()
  #lookingAtStorage: Disposable | null = null

  private constructor(
    clock: Clock,
    keys: ServerKeys,
    machine: Machine,
    remembered: Remembered,
    settings: Settings,
  ) {
    this.#clock = clock
    this.#keys = keys
    this.#machine = machine
    this.#remembered = remembered
    this.#settings = settings
    this.#budget = machine.budget(settings, remembered.ceilings)
    this.#schedulerSettings.cores = machine.cores
    this.#scheduler = new Scheduler({
      backends: this.#backends,
      budget: this.#budget,
      learned: remembered.memory,
      clock,
      settings: this.#schedulerSettings,
    })
    this.#view = new ViewStore({
      models: [],
      downloads: [],
      storage: null,
      machine: machine.view(settings, remembered.ceilings),
      servers: [],
    })
    this.#catalog = new Catalog(() => this.#showModels())
    this.#downloads = new Downloads({
      clock,
      fetch: (url, init) => fetch(url, init),
      parts: storedParts,
      list: storedDownloadList,
      filesOf: (model, signal) => this.#engineOf(model).files(model, signal),
      changed: () => this.#showDownloads(),
      stored: (model) => this.#stored(model),
      noRoom: (missing, model) => quotaAdvice(missing, this.#deletable(model)),
    })
    this.#preparations = new Preparations({
      cards: () => this.#view.view.models,
      read: async () => {
        await this.#begun
        await this.#catalog.read()
      },
      downloads: this.#downloads,
    })
    this.#asks = new Asks({
      scheduler: this.#scheduler,
      clock,
      prepare: (ask, report, signal) => this.#preparations.prepare(ask, report, signal),
    })
    this.#scheduler.on((event) => {
      if (event.type === 'state') this.#showModels()
      if (event.type === 'measured') void remembered.saveMemory()
    })
  }

  /** Looks at the machine and what is set; lists are read while it already answers. */
  static async open(clock: Clock, keys: ServerKeys): Promise<Host> {
    const [machine, remembered, settings, sizes] = await Promise.all([
      Machine.look(),
      Remembered.read(),
      readSettings(),
      GgufSizes.read(),
    ])
    const host = new Host(clock, keys, machine, remembered, settings)
    host.#apply(settings)
    host.#begun = host.#begin(sizes)
    return host
  }

  view(): HostView {
    return this.#view.view
  }

  onView(listener: (parts: Partial<HostView>) => void): Disposable {
    return this.#view.on(listener)
  }

  ask(ask: Ask, report: (event: AskEvent) => void): Disposable {
    return this.#asks.ask(ask, report)
  }

  watch(listener: (message: WatchMessage) => void): Disposable {
    return watchScheduler(this.#scheduler, this.#clock, listener)
  }

  readonly calls: HostCalls = {
    download: async (model) => {
      await this.#preparations.find(model)
      // Shown as it goes, and how it ends; who asked need not wait.
      void this.#downloads.start(model).catch(() => undefined)
    },
    pauseDownload: (model) => {
      this.#downloads.pause(model)
      return Promise.resolve()
    },
    cancelDownload: async (model) => {
      // What is in no list any more has no engine that could delete its files; it must go all the same.
      if (this.#catalog.engineOf(model) === null) await this.#downloads.cancel(model)
      else await this.#deleteModel(model)
    },
    deleteModel: (model) => this.#deleteModel(model),
    preload: async (model) => {
      await this.#preparations.ready(model, () => undefined, new AbortController().signal)
      await this.#scheduler.submit({ model, purpose: this.#purposeOf(model), client: 'this browser' }).granted
    },
    unload: (model) => this.#scheduler.unload(model, { evenPinned: true }),
    pin: (model, pinned) => {
      this.#scheduler.pin(model, pinned)
      return Promise.resolve()
    },
    cancelRequest: (id) => {
      this.#scheduler.cancel(id, 'cancelled by hand')
      return Promise.resolve()
    },
    reclass: (id, to) => {
      this.#scheduler.reclass(id, to, 'by hand')
      return Promise.resolve()
    },
    settingsChanged: async () => {
      // Lists that are being read are read by the old settings.
      await this.#catalog.settled()
      this.#apply(await readSettings())
      await this.#refresh()
    },
    refresh: () => this.#refresh(),
  }

  async #begin(sizes: GgufSizes): Promise<void> {
    void this.#lookAtStorage()
    void this.#catalog.read()
    // Who comes to talk to a server need not wait for what the engines bring.
    this.#catalog.engines = await openEngines({
      adapter: this.#machine.gpu,
      sizes,
      origin: location.origin,
      room: () => this.#budget.emptyRoom(),
      usual: () => ({
        slots: 1,
        contextLength: this.#schedulerSettings.contextLength,
        kvType: this.#schedulerSettings.kvType,
      }),
      addresses: () => this.#settings.modelAddresses,
    })
    this.#applyBackends()
    await this.#catalog.settled()
    await this.#catalog.read()
    await this.#downloads.resume()
    this.#readServersNowAndThen()
  }

  /** What the settings say, from now on. */
  #apply(settings: Settings): void {
    this.#settings = settings
    this.#keys.use(settings)
    this.#schedulerSettings.keepAliveMs = settings.keepAliveMs
    this.#schedulerSettings.maxLoaded = settings.maxLoaded
    this.#applyBudgets()
    this.#catalog.servers = openServers(settings, this.#catalog.servers, {
      origin: location.origin,
      clock: this.#clock,
      changed: (server) => void this.#catalog.readSource(server),
    })
    this.#applyBackends()
  }

  #applyBackends(): void {
    const backends = this.#catalog.sources.map(({ backend }) =>
      watchLoads(backend, (error, spec) => this.#loadFailed(error, spec)),
    )
    this.#backends.splice(0, Infinity, ...backends)
  }

  #applyBudgets(): void {
    const { gpu, ram } = this.#machine.budgets(this.#settings, this.#remembered.ceilings)
    if (this.#machine.gpu !== null) this.#budget.setCapacity(GPU, gpu.bytes)
    this.#budget.setCapacity(RAM, ram.bytes)
    this.#scheduler.memoryChanged()
    this.#view.set({ machine: this.#machine.view(this.#settings, this.#remembered.ceilings) })
  }

  /** What a load had reserved and yet did not get is too much for this machine, with all that was loaded beside it. */
  #loadFailed(error: BackendError, spec: LoadSpec): void {
    if (error.code !== 'out-of-memory') return
    for (const { device, reserved } of this.#budget.usage()) {
      const wanted = spec.placement.bytes.some((part) => part.device === device.id && part.bytes > 0)
      if (wanted && reserved > 0) void this.#remembered.tooMuch(this.#machine.ceilingKey(device.id), reserved)
    }
    this.#applyBudgets()
    void this.#catalog.read()
  }

  async #refresh(): Promise<void> {
    await Promise.all([this.#catalog.read(), this.#lookAtStorage()])
  }

  #readServersNowAndThen(): void {
    this.#clock.at(this.#clock.now() + SERVERS_MS, () => {
      void this.#catalog.readServers().finally(() => this.#readServersNowAndThen())
    })
  }

  #stored(model: ModelId): void {
    this.#scheduler.modelChanged(model)
    void this.#catalog.storedChanged(model)
    void this.#lookAtStorage()
  }

  async #deleteModel(model: ModelId): Promise<void> {
    const engine = this.#engineOf(model)
    await this.#downloads.cancel(model)
    await this.#scheduler.unload(model, { evenPinned: true })
    await engine.delete(model)
    this.#scheduler.modelChanged(model)
    await this.#catalog.storedChanged(model)
    await this.#lookAtStorage()
  }

  /** @throws HostError for a model that is none of this browser's. */
  #engineOf(model: ModelId): EngineSource {
    const engine = this.#catalog.engineOf(model)
    if (engine === null) throw new HostError(`there is no model "${model}" that this browser could fetch`)
    return engine
  }

  /** What could be deleted to make room for a model. */
  #deletable(beside: ModelId) {
    return this.#view.view.models
      .filter(({ id, stored }) => id !== beside && stored.state !== 'elsewhere' && stored.bytes > 0)
      .map(({ name, stored }) => ({ name, bytes: stored.bytes }))
  }

  #purposeOf(model: ModelId) {
    const card = this.#view.view.models.find(({ id }) => id === model)
    return card?.capabilities.includes('chat') === false ? 'embed' : 'generate'
  }

  #showModels(): void {
    const loaded = this.#scheduler
      .snapshot()
      .runners.filter(({ state }) => state === 'ready' || state === 'busy')
      .map(({ model }) => model)
    this.#view.set({ models: this.#catalog.cards(new Set(loaded)), servers: this.#catalog.serverViews })
  }

  #showDownloads(): void {
    this.#view.set({ downloads: this.#downloads.views })
    this.#preparations.progressed()
    if (this.#lookingAtStorage === null)
      this.#lookingAtStorage = this.#clock.at(this.#clock.now() + STORAGE_MS, () => {
        this.#lookingAtStorage = null
        void this.#lookAtStorage()
      })
  }

  async #lookAtStorage(): Promise<void> {
    this.#view.set({ storage: await readStorage() })
  }
}
