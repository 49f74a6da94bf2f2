import type { Logger } from 'pino'
import { servedModel, type ModelSource } from './served-models.js'
import { load, type Caller } from './submit.js'

/** How the loading of a model that nobody waits for is going. */
export interface Preload {
  readonly model: string
  /** `done`: it was loaded; it may have left since, as any other. */
  readonly state: 'waiting' | 'loading' | 'done' | 'failed'
  /** With `failed`. */
  readonly error?: string
}

/** Loads models ahead of who will ask for them: one after the other, in the background. One that fails is logged, and the next one's turn comes. */
export class Preloads {
  readonly #models: ModelSource
  readonly #caller: Caller
  readonly #log: Logger
  /** By the name that was asked for; one that is asked for again replaces what was told of it. */
  readonly #told = new Map<string, Preload>()
  #last: Promise<void> = Promise.resolve()

  /** @param caller whose requests they are */
  constructor(models: ModelSource, caller: Caller, log: Logger) {
    this.#models = models
    this.#caller = caller
    this.#log = log
  }

  /** In the order of their loading. */
  get list(): readonly Preload[] {
    return [...this.#told.values()]
  }

  /** Puts models behind those that are still to be loaded. Resolves when they have had their turn, loaded or failed. */
  async add(models: readonly string[]): Promise<void> {
    for (const model of models) {
      this.#tell({ model, state: 'waiting' })
      this.#last = this.#last.then(() => this.#load(model))
    }
    await this.#last
  }

  async #load(model: string): Promise<void> {
    this.#tell({ model, state: 'loading' })
    try {
      const { capabilities } = await servedModel(this.#models, model)
      const purpose = capabilities.includes('completion') ? 'generate' : 'embed'
      await load(this.#models, model, { options: {} }, purpose, this.#caller)
      this.#tell({ model, state: 'done' })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#tell({ model, state: 'failed', error: why })
      if (this.#caller.signal.aborted) return
      this.#log.warn({ model }, `${model} could not be loaded ahead: ${why}`)
    }
  }

  #tell(preload: Preload): void {
    if (preload.state === 'waiting') this.#told.delete(preload.model)
    this.#told.set(preload.model, preload)
  }
}
