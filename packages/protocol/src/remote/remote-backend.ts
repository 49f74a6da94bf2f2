import type { MemoryProfile } from '@berth/budget'
import {
  asBackendError,
  BackendError,
  type Backend,
  type Clock,
  type LoadProgress,
  type LoadSpec,
  type ModelId,
  type ModelInfo,
  type Runner,
  type SignalLike,
} from '@berth/scheduler'
import { remoteAddress } from './address.js'
import { Connection } from './connection.js'
import { dialectOf, type RemoteKind } from './dialects.js'
import { Health, type RemoteState } from './health.js'
import { Permits } from './permits.js'
import type { FetchLike } from './platform.js'
import { modelInfo, type RemoteModel } from './remote-model.js'
import { REMOTE_TIMEOUTS, type RemoteTimeouts } from './remote-run.js'
import { RemoteRunner } from './remote-runner.js'
import type { Workplace } from './remote-work.js'

export interface RemoteOptions {
  /** For messages, events and lists. */
  readonly name: string
  /** Such as http://192.168.1.20:11434. */
  readonly address: string
  readonly kind: RemoteKind
  readonly key?: string | undefined
  /** Jobs at a time, over all its models. */
  readonly maxConcurrent: number
  /** Goes before the names of its models, so that those of several places do not collide. */
  readonly prefix?: string
  readonly fetch: FetchLike
  readonly clock: Clock
  readonly timeouts?: Partial<RemoteTimeouts>
}

/** A server that cannot be reached may take long to say so: a list of all there is does not wait for that. */
const HURRIED_MS = 1_000

/** A server as a backend: a Berth, an Ollama, or any that speaks OpenAI's API. Nothing of its memory is ours. */
export class RemoteBackend implements Backend {
  readonly name: string
  readonly #prefix: string
  readonly #at: Workplace
  readonly #maxConcurrent: number
  readonly #health: Health
  readonly #runners = new Set<RemoteRunner>()
  #asking: Promise<readonly RemoteModel[]> | null = null
  #models: readonly RemoteModel[] = []

  /** @throws RangeError for an address that is none. */
  constructor(options: RemoteOptions) {
    const { name, address, kind, key, maxConcurrent, prefix = '', fetch, clock } = options
    const base = remoteAddress(address, kind)
    if (base === null) {
      throw new RangeError(`expected an address such as http://192.168.1.20:11434, got ${address}`)
    }
    this.name = name
    this.#prefix = prefix
    this.#maxConcurrent = maxConcurrent
    this.#at = {
      connection: new Connection({ server: name, address: base, key, fetch, clock }),
      dialect: dialectOf(kind),
      permits: new Permits(maxConcurrent),
      clock,
      timeouts: { ...REMOTE_TIMEOUTS, ...options.timeouts },
    }
    this.#health = new Health(clock, () => void this.#ask().catch(() => undefined))
    this.#health.on(({ state, why }) => {
      const gone = state === 'unreachable' || state === 'denied' ? why : null
      for (const runner of Array.from(this.#runners)) runner.gone(gone)
    })
  }

  /** Whether it can be asked, as last seen; while it cannot, it is tried again by itself. */
  get state(): RemoteState {
    return this.#health.state
  }

  /** Calls the listener at every change of `state`. */
  onState(listener: (state: RemoteState) => void): Disposable {
    return this.#health.on(listener)
  }

  async catalog(): Promise<readonly ModelInfo[]> {
    // A request waits for it, which one that is just starting again may well answer.
    return (await this.#ask()).map(modelInfo)
  }

  /**
   * Its models with all that it tells of them; quick to reject while it is known to be unreachable.
   * @throws BackendError `lost`, `denied`, `busy`, or `engine` where it is not what it is said to be.
   */
  async remoteModels(): Promise<readonly RemoteModel[]> {
    const hurried = this.state.state === 'unreachable'
    return await (hurried ? this.#within(HURRIED_MS, this.#ask()) : this.#ask())
  }

  /** The models as last told, with nobody asked. */
  get lastModels(): readonly RemoteModel[] {
    return this.#models
  }

  /**
   * All that a server that speaks Ollama's API shows of a model; null where it speaks another.
   * @throws BackendError
   */
  async show(model: ModelId): Promise<unknown> {
    const { connection, dialect, timeouts } = this.#at
    if (dialect.showPath === null) return null
    return await connection.json(dialect.showPath, timeouts.connectMs, { model: this.#nameOf(model) })
  }

  async profile(model: ModelId): Promise<MemoryProfile> {
    const known = this.#models.find(({ id }) => id === model) ?? (await this.#find(model))
    return { kind: 'foreign', trainedContext: known.contextLength, maxSlots: this.#maxConcurrent }
  }

  /** Looks whether the server has the model; whether it is in memory there is the server's affair. */
  async load(spec: LoadSpec, report: (progress: LoadProgress) => void, signal: SignalLike): Promise<Runner> {
    report({ fraction: 0, stage: 'starting' })
    const { name, revision } = await unlessAborted(signal, this.#find(spec.model))
    report({ fraction: 1, stage: 'checking' })
    // How long its context is, the server decides, and does not say beforehand.
    const loaded: LoadSpec = { ...spec, revision, contextLength: 0, threads: 1 }
    const runner = new RemoteRunner(this.#at, loaded, name, () => {
      // Whether it was one connection or all of the server is seen by asking.
      this.#ask().catch(() => undefined)
    })
    this.#runners.add(runner)
    void runner.ended.then(() => this.#runners.delete(runner))
    return runner
  }

  /** Asks no more by itself; runners are stopped by whoever has them. */
  [Symbol.dispose](): void {
    this.#health.end()
  }

  #nameOf(model: ModelId): string {
    return model.startsWith(this.#prefix) ? model.slice(this.#prefix.length) : model
  }

  /** @throws BackendError `unknown-model` */
  async #find(model: ModelId): Promise<RemoteModel> {
    const found = (await this.#ask()).find(({ id }) => id === model)
    if (found !== undefined) return found
    throw new BackendError('unknown-model', `${this.name} has no model '${this.#nameOf(model)}'`)
  }

  /** One question at a time, whoever asks. */
  #ask(): Promise<readonly RemoteModel[]> {
    this.#asking ??= this.#askAnew().finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  async #askAnew(): Promise<readonly RemoteModel[]> {
    const { connection, dialect, timeouts } = this.#at
    try {
      const models = await dialect.models((path, body) => connection.json(path, timeouts.connectMs, body))
      this.#models = models.map((model) => ({ ...model, id: this.#prefix + model.name }))
      this.#health.well()
      return this.#models
    } catch (error) {
      const failure = asBackendError(error)
      this.#health.failed(failure)
      throw failure
    }
  }

  /** The outcome, or the last known state's reason where it does not come in time. */
  #within<T>(ms: number, promise: Promise<T>): Promise<T> {
    const { clock } = this.#at
    return new Promise((resolve, reject) => {
      const timer = clock.at(clock.now() + ms, () => {
        const why = this.state.why ?? `${this.name} does not answer`
        reject(new BackendError('lost', why, { elsewhere: 'unreachable' }))
      })
      promise.then(resolve, reject).finally(() => timer[Symbol.dispose]())
    })
  }
}

/** The outcome, or `aborted` as soon as the signal is raised; nothing is held that would have to be given back. */
function unlessAborted<T>(signal: SignalLike, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(new BackendError('aborted', 'the load was called off'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
