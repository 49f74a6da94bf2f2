import type { Backend, LoadSpec, ModelId, Purpose, Runner } from '../backend.js'

/** A backend under test, and what the suite must know to use it. */
export interface ContractSubject {
  readonly backend: Backend
  /** A model that generates; answers of several tokens to any prompt. */
  readonly model: ModelId
  /** One that embeds; null where the engine has none. */
  readonly embedder: ModelId | null
  /** A name that is not in the catalog. */
  readonly missing: ModelId
  /** A spec to load, with so many slots. */
  readonly spec: (model: ModelId, purpose: Purpose, slots: number) => Promise<LoadSpec>
  /** How many slots the engine can do; cases that need two are not run below that. */
  readonly slots: number
  /** A raw prompt so long that it takes the engine more than one step. */
  readonly longPrompt: string
  /** Waits until a promise has settled, while letting the engine work (advances a manual clock, say). */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>
  /** Ends the runner from outside, as a crash would; null where that cannot be done. */
  readonly crash: ((runner: Runner) => void) | null
}

export interface ContractCase {
  readonly name: string
  run(subject: ContractSubject): Promise<void>
}
