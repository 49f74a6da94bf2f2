import { BackendError, deferred, type RunnerEnd } from '@berth/scheduler'
import { transfer, wrap, type Remote } from 'comlink'
import type { FromWorker, Loaded, LoadRequest, WorkerApi } from './protocol.js'

let made = 0

/**
 * One worker and its death. A worker that was terminated or has crashed answers nothing, and nobody is told of
 * it: it holds a Web Lock as long as it lives, and every call ends when that comes free.
 */
export class WorkerLink {
  readonly #worker: Worker
  readonly #api: Remote<WorkerApi>
  readonly #lock: string
  readonly #port: MessagePort
  readonly #far: MessagePort
  readonly #gone = deferred<never>()
  readonly #ended = deferred<RunnerEnd>()
  #end: RunnerEnd | null = null
  #listener: (message: FromWorker) => void = () => undefined

  constructor(spawn: () => Worker) {
    made += 1
    this.#lock = `berth-webllm-${crypto.randomUUID()}-${made}`
    this.#worker = spawn()
    this.#api = wrap<WorkerApi>(this.#worker)
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#far = port2
    this.#port.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => this.#listener(data))
    this.#port.start()
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault()
      this.end({
        asked: false,
        reason: `the engine's worker failed: ${event.message || 'it could not be started'}`,
      })
    })
  }

  /** Resolves when the worker is really gone. */
  get ended(): Promise<RunnerEnd> {
    return this.#ended.promise
  }

  /** Rejects with `lost` when the worker is on its way out. */
  get gone(): Promise<never> {
    return this.#gone.promise
  }

  get isEnding(): boolean {
    return this.#end !== null
  }

  listen(listener: (message: FromWorker) => void): void {
    this.#listener = listener
  }

  /** Once. */
  async load(request: LoadRequest): Promise<Loaded> {
    await this.call((api) => api.hold(this.#lock))
    this.#watch()
    return this.call<Loaded>(async (api) => api.load(request, transfer(this.#far, [this.#far])))
  }

  /** @throws BackendError `lost` where the worker is gone before it has answered. */
  call<T>(ask: (api: Remote<WorkerApi>) => Promise<T>): Promise<T> {
    if (this.#end !== null) return this.gone
    return Promise.race([ask(this.#api), this.gone])
  }

  /** For what has no answer. */
  tell(say: (api: Remote<WorkerApi>) => Promise<void>): void {
    if (this.#end === null) say(this.#api).catch(() => undefined)
  }

  /** Ends the worker, if it has not ended yet; the first reason counts. */
  end(end: RunnerEnd): void {
    if (this.#end !== null) return
    this.#end = end
    this.#gone.reject(new BackendError('lost', end.reason))
    this.#listener = () => undefined
    this.#port.close()
    this.#worker.terminate()
    // The lock comes free when the worker, and with it its memory, is gone.
    void navigator.locks.request(this.#lock, () => this.#ended.resolve(end))
  }

  /** The lock is the worker's as long as it lives: to be given it is to hear of its death. */
  #watch(): void {
    void navigator.locks.request(this.#lock, () =>
      this.end({ asked: false, reason: 'the engine’s worker is gone, and has not said why' }),
    )
  }
}
