import type { MemoryProfile } from '@berth/budget'
import type { Backend, ModelId, ModelInfo, Purpose } from './backend.js'
import type { OrderedLine } from './order/order.js'
import type { RunnerEntry } from './runner-entry.js'

/** What is known of a line's model: where it runs and what it needs. */
export interface KnownModel {
  readonly backend: Backend
  readonly info: ModelInfo
  readonly profile: MemoryProfile
}

/** The requests that wait for one model and purpose, and the runner that serves them. */
export interface Line {
  readonly model: ModelId
  readonly purpose: Purpose
  readonly waiting: OrderedLine
  /** Since when its requests wait, added up: milliseconds since the queue was made. */
  waitsSince: number
  /** The runner that takes its jobs, or will once loaded; never one that is on its way out. */
  runner: RunnerEntry | null
  /** All runners that were loaded for it and are not gone yet. */
  readonly runners: Set<RunnerEntry>
  /** Read before every load, since a model may have changed while nobody had it loaded. */
  known: KnownModel | null
  /** A foreign engine that failed the model just now: at the next reading, another one that has it goes first. */
  avoided: Backend | null
  /** Counts readings, so that the answer of an overtaken one is dropped. */
  reading: number
  /** Its head waits for memory beyond its patience: what comes free is for it before any younger one. */
  keepsRoom: boolean
  /** Looks again when the head's patience ends. */
  timer: Disposable | null
}

export function newLine(model: ModelId, purpose: Purpose, waiting: OrderedLine): Line {
  return {
    model,
    purpose,
    waiting,
    waitsSince: 0,
    runner: null,
    runners: new Set(),
    known: null,
    avoided: null,
    reading: 0,
    keepsRoom: false,
    timer: null,
  }
}
