import { join } from 'node:path'
import { errorCode, StoreWriter, withFileLock, type ModelStore } from '../models/index.js'
import { FIRST_MODEL } from './first-model-file.js'
import type { FirstModelSource } from './first-model-sources.js'

/** How things stand with the model that a fresh installation begins with. */
export type FirstModelState =
  | { readonly state: 'unknown' }
  | { readonly state: 'there' }
  /** `fraction` runs from 0 to 1, where it can be told. */
  | { readonly state: 'fetching'; readonly source: string; readonly fraction?: number }
  | { readonly state: 'missing'; readonly reasons: readonly string[] }

export interface FirstModelLog {
  info(message: string): void
  warn(message: string): void
}

/**
 * Sees to it that there is a model to talk to: takes the first source that gives it. One process at a time
 * fetches into a store; another one waits and finds it there.
 */
export class FirstModel {
  readonly #store: ModelStore
  readonly #sources: readonly FirstModelSource[]
  readonly #log: FirstModelLog
  #state: FirstModelState = { state: 'unknown' }
  #work: Promise<void> | null = null

  constructor(store: ModelStore, sources: readonly FirstModelSource[], log: FirstModelLog) {
    this.#store = store
    this.#sources = sources
    this.#log = log
  }

  get state(): FirstModelState {
    return this.#state
  }

  /** Settles when this model, by its short name, is there or cannot be had; undefined unless it is being got now. */
  underWay(name: string): Promise<void> | undefined {
    return name === FIRST_MODEL ? (this.#work ?? undefined) : undefined
  }

  /** One sentence for people: that the model is there, how far it is, or how to get it. */
  get text(): string {
    const state = this.#state
    switch (state.state) {
      case 'unknown':
        return `Looking for ${FIRST_MODEL}.`
      case 'there':
        return `${FIRST_MODEL} is ready.`
      case 'fetching': {
        const percent = state.fraction === undefined ? '' : `, ${Math.floor(state.fraction * 100)}% so far`
        return `Getting ${FIRST_MODEL} from ${state.source}${percent}.`
      }
      case 'missing':
        return `There is no model yet. To get one: "berth pull NAME" with a network connection, or put a .gguf file into a folder and name it in BERTH_GGUF_FOLDERS.`
      default:
        return state satisfies never
    }
  }

  /**
   * Resolves when the model is there, or no source has it; rejects only when the signal aborts.
   * Never delays the server: call it and let it run.
   */
  ensure(signal: AbortSignal): Promise<void> {
    const work = this.#ensure(signal).finally(() => (this.#work = null))
    this.#work = work
    return work
  }

  async #ensure(signal: AbortSignal): Promise<void> {
    const own = this.#store.folders.own
    try {
      if (await this.#isThere()) return
      await withFileLock(
        join(own, '.first-model.lock'),
        () => this.#fetch(new StoreWriter(own), signal),
        signal,
      )
    } catch (error) {
      signal.throwIfAborted()
      this.#miss([explain(own, error)])
    }
  }

  async #isThere(): Promise<boolean> {
    const model = await this.#store.find(FIRST_MODEL).catch((error: unknown) => {
      this.#log.warn(`${explain('', error)}; getting it anew`)
      return undefined
    })
    if (model !== undefined) this.#state = { state: 'there' }
    return model !== undefined
  }

  async #fetch(writer: StoreWriter, signal: AbortSignal): Promise<void> {
    if (await this.#isThere()) return
    const reasons: string[] = []
    for (const source of this.#sources) {
      this.#state = { state: 'fetching', source: source.name }
      this.#log.info(`getting ${FIRST_MODEL} from ${source.name}`)
      const steps = new Steps((percent) => this.#log.info(`getting ${FIRST_MODEL}: ${percent}%`))
      const report = (fraction: number | undefined): void => {
        this.#state = {
          state: 'fetching',
          source: source.name,
          ...(fraction === undefined ? {} : { fraction }),
        }
        if (fraction !== undefined) steps.reached(fraction)
      }
      try {
        await source.fetch(writer, report, signal)
        this.#state = { state: 'there' }
        this.#log.info(`${FIRST_MODEL} is ready`)
        return
      } catch (error) {
        signal.throwIfAborted()
        const reason = explain(source.name, error)
        reasons.push(reason)
        this.#log.info(`${reason}; passed over`)
      }
    }
    this.#miss(reasons)
  }

  #miss(reasons: readonly string[]): void {
    this.#state = { state: 'missing', reasons }
    this.#log.warn(`${this.text} (${reasons.join('; ')})`)
  }
}

/** Turns many small steps into a few: each tenth once. */
class Steps {
  readonly #say: (percent: number) => void
  #said = 0

  constructor(say: (percent: number) => void) {
    this.#say = say
  }

  reached(fraction: number): void {
    const tenth = Math.floor(fraction * 10)
    if (tenth <= this.#said) return
    this.#said = tenth
    this.#say(tenth * 10)
  }
}

function explain(where: string, error: unknown): string {
  if (errorCode(error) === 'ENOSPC')
    return `${where}: the disk is full; free some space, or set BERTH_MODELS to a folder on another disk`
  if (errorCode(error) === 'EACCES' || errorCode(error) === 'EROFS') {
    return `${where}: it may not be written to; set BERTH_MODELS to a folder of yours`
  }
  const why = error instanceof Error ? error.message : String(error)
  return where === '' ? why : `${where}: ${why}`
}
