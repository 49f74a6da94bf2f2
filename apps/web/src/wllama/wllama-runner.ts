import type { DeviceBytes, Tokens } from '@berth/budget'
import {
  asBackendError,
  BackendError,
  type Job,
  type LoadSpec,
  type Parked,
  type Run,
  type RunEnd,
  type Runner,
  type RunnerAbilities,
  type RunnerEnd,
} from '@berth/scheduler'
import { embed } from './embedding.js'
import { WORKER_OVERHEAD } from './engine-facts.js'
import { generate, type Model } from './generation.js'
import { Slots } from './slots.js'
import { WllamaRun } from './wllama-run.js'

/** A worker of wllama with its model. */
export class WllamaRunner implements Runner {
  readonly spec: LoadSpec
  readonly can: RunnerAbilities
  readonly ended: Promise<RunnerEnd>
  readonly #model: Model
  readonly #slots: Slots
  readonly #memory: readonly DeviceBytes[]
  readonly #runs = new Set<WllamaRun>()
  #asked = false
  #lost: BackendError | null = null

  constructor(spec: LoadSpec, model: Model) {
    this.spec = spec
    const { allocated } = model.engine
    this.can = { cancel: 'chunk', park: 'none', memory: allocated === null ? 'modelled' : 'measured' }
    const device = spec.placement.bytes[0]?.device
    this.#memory =
      allocated === null || device === undefined ? [] : [{ device, bytes: allocated + WORKER_OVERHEAD }]
    this.#model = model
    this.#slots = new Slots(spec.slots)
    this.ended = model.engine.gone.then((reason) => this.#gone(reason))
  }

  start(job: Job, from?: Parked): Run {
    const run = new WllamaRun()
    if (this.#lost !== null) run.end({ how: 'failed', error: this.#lost })
    else if (from !== undefined) {
      const error = new BackendError('unsupported', 'This engine cannot go on with a job that was set aside')
      run.end({ how: 'failed', error })
    } else {
      this.#runs.add(run)
      void this.#slots
        .with(() => this.#work(job, run))
        .then((end) => {
          this.#runs.delete(run)
          run.end(end)
        })
    }
    return run
  }

  async countTokens(text: string): Promise<Tokens> {
    if (this.#lost !== null) throw this.#lost
    return this.#slots.with(() => this.#model.tokenizer.count(text))
  }

  /** The engine is given its threads when it is loaded, and keeps them. */
  setThreads(): void {}

  /** The engine allocates all it needs when it loads: what is told now stays true. */
  onMemory(listener: (bytes: readonly DeviceBytes[]) => void): Disposable {
    if (this.#memory.length > 0) listener(this.#memory)
    return { [Symbol.dispose]: () => undefined }
  }

  /** There is nothing to be put in order before the end: both ways are one. */
  async stop(): Promise<void> {
    if (this.#lost === null) this.#asked = true
    await this.#model.engine.close('stopped as asked')
    await this.ended
  }

  /** Has the engine crash, as it does over a bug of its own: for tests of what follows. */
  async crash(): Promise<void> {
    await this.#model.engine.crash()
  }

  async #work(job: Job, run: WllamaRun): Promise<RunEnd> {
    try {
      const wrong = job.kind === 'embed' ? this.spec.purpose === 'generate' : this.spec.purpose === 'embed'
      if (wrong) throw new BackendError('bad-job', `The model was loaded to ${this.spec.purpose}`)
      return await (job.kind === 'embed' ? embed(this.#model, job, run) : generate(this.#model, job, run))
    } catch (error) {
      return { how: 'failed', error: asBackendError(error) }
    }
  }

  #gone(reason: string): RunnerEnd {
    this.#lost = new BackendError(
      'lost',
      this.#asked ? 'The model was unloaded' : `The model is gone: ${reason}`,
    )
    for (const run of this.#runs) run.end({ how: 'failed', error: this.#lost })
    this.#runs.clear()
    return { asked: this.#asked, reason }
  }
}
