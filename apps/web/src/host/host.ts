import { DEFAULT_SETTINGS as SCHEDULER_SETTINGS, Scheduler } from '@berth/scheduler'
import type {
  Backend,
  BackendError,
  Clock,
  LoadSpec,
  ModelId,
  SchedulerRequest,
  SchedulerSettings,
} from '@berth/scheduler'
import type { MemoryBudget } from '@berth/budget'
import { readSettings } from '../storage/index.js'
import type { Settings } from '../storage/index.js'
import { HostError } from './ask-error.js'
import { Asks } from './asks.js'
import { choosePlace } from './choose-place.js'
import type { Ask, AskEvent, HostCalls, HostView, ModelCard, WatchMessage } from './contract.js'
import type { ListedModel, Source } from './listed-model.js'
import { GPU, Machine, RAM } from './machine.js'
import { Remembered } from './remembered.js'
import { openServers } from './open-servers.js'
import type { ServerSource } from './server-source.js'
import type { Desk } from './tab-sessions.js'
import { ViewStore } from './view-store.js'
import { watchScheduler } from './watch-scheduler.js'

/** How long after a change lists are read again by themselves; servers come and go. */
const REFRESH_MS = 15_000

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** The scheduler with everything below it, for the tabs of this browser. */
export class Host implements Desk {
  readonly #clock: Clock
  readonly #machine: Machine
  readonly #remembered: Remembered
  readonly #budget: MemoryBudget
  readonly #scheduler: Scheduler
  readonly #asks: Asks
  readonly #view: ViewStore
  /** The scheduler reads both anew at every decision, so that what is set holds from then on. */
  readonly #schedulerSettings: Writable<SchedulerSettings>
  readonly #backends: Backend[] = []
  #settings: Settings
  #servers: readonly ServerSource[] = []
  #sources: readonly Source[] = []
  #listed = new Map<Source, readonly ListedModel[]>()
  #reading: Promise<void> | null = null

  private constructor(clock: Clock, machine: Machine, remembered: Remembered, settings: Settings) {
    this.#clock = clock
    this.#machine = machine
    this.#remembered = remembered
    this.#settings = settings
    this.#budget = machine.budget(settings, remembered.ceilings)
    this.#schedulerSettings = { ...SCHEDULER_SETTINGS, cores: machine.cores }
    this.#scheduler = new Scheduler({
      backends: this.#backends,
      budget: this.#budget,
      learned: remembered.memory,
      clock,
      settings: this.#schedulerSettings,
    })
    this.#asks = new Asks({
      scheduler: this.#scheduler,
      clock,
      prepare: (ask) => this.#prepare(ask),
    })
    this.#view = new ViewStore({
      models: [],
      downloads: [],
      storage: null,
      machine: machine.view(settings, remembered.ceilings),
      servers: [],
    })
    this.#scheduler.on((event) => {
      if (event.type === 'state') this.#showModels()
      if (event.type === 'measured') void remembered.saveMemory()
    })
  }

  /** Looks at the machine and what is set; lists are read while it already answers. */
  static async open(clock: Clock): Promise<Host> {
    const [machine, remembered, settings] = await Promise.all([
      Machine.look(),
      Remembered.read(),
      readSettings(),
    ])
    const host = new Host(clock, machine, remembered, settings)
    host.#apply(settings)
    host.#refreshNowAndThen()
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
    download: () => Promise.reject(new HostError('nothing can be downloaded yet')),
    pauseDownload: () => Promise.reject(new HostError('nothing can be downloaded yet')),
    cancelDownload: () => Promise.reject(new HostError('nothing can be downloaded yet')),
    deleteModel: () => Promise.reject(new HostError('nothing can be downloaded yet')),
    preload: async (model) => {
      const ticket = this.#scheduler.submit({ model, purpose: 'generate', client: 'this browser' })
      await ticket.granted
    },
    unload: (model) => this.#scheduler.unload(model, { evenPinned: true }),
    pin: (model, pinned) => {
      this.#scheduler.pin(model, pinned)
      return Promise.resolve()
    },
    settingsChanged: async () => {
      this.#apply(await readSettings())
      await this.#refresh()
    },
    refresh: () => this.#refresh(),
  }

  /** What the settings say, from now on. */
  #apply(settings: Settings): void {
    this.#settings = settings
    this.#schedulerSettings.keepAliveMs = settings.keepAliveMs
    this.#schedulerSettings.maxLoaded = settings.maxLoaded
    this.#applyBudgets()
    this.#servers = openServers(settings, this.#servers, {
      origin: location.origin,
      clock: this.#clock,
      changed: (server) => void this.#readSource(server),
    })
    this.#sources = [...this.#servers]
    this.#backends.splice(0, Infinity, ...this.#sources.map(({ backend }) => backend))
    this.#showServers()
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
  }

  async #prepare(ask: Ask): Promise<Pick<SchedulerRequest, 'model' | 'wish'>> {
    // A host that has just begun has not read all lists; who asks for what it knows need not wait for them.
    if (!this.#view.view.models.some(({ id }) => id === ask.model)) await this.#refresh()
    const choice = choosePlace(this.#view.view.models, ask.model, ask.where)
    if (choice.model === null) throw new HostError(choice.why)
    return { model: choice.model, ...(ask.wish === undefined ? {} : { wish: ask.wish }) }
  }

  /** Reads all lists anew; who asks while that is under way waits for the same. */
  #refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async #read(): Promise<void> {
    await Promise.all(this.#sources.map((source) => this.#readSource(source)))
  }

  async #readSource(source: Source): Promise<void> {
    const listed = await source.read()
    if (!this.#sources.includes(source)) return
    this.#listed.set(source, listed)
    this.#showModels()
    this.#showServers()
  }

  #showModels(): void {
    const loaded = new Set(
      this.#scheduler
        .snapshot()
        .runners.filter(({ state }) => state === 'ready' || state === 'busy')
        .map(({ model }) => model),
    )
    const models = this.#sources.flatMap((source) =>
      (this.#listed.get(source) ?? []).map(({ loadedThere, ...model }): ModelCard => {
        // A foreign runner is a name for a server's model, which may have left the server's memory since.
        const isLoaded = source.place === 'server' ? loadedThere : loaded.has(model.id)
        return { ...model, place: source.place, engine: source.engine, from: source.from, loaded: isLoaded }
      }),
    )
    this.#view.set({ models })
  }

  #showServers(): void {
    this.#view.set({ servers: this.#sources.flatMap(({ server }) => (server === null ? [] : [server])) })
  }

  #refreshNowAndThen(): void {
    void this.#refresh().finally(() => {
      this.#clock.at(this.#clock.now() + REFRESH_MS, () => this.#refreshNowAndThen())
    })
  }
}
