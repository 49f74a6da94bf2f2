import type { Run } from './backend.js'
import { deferred, type Deferred } from './deferred.js'

/** One making of an answer, in one run or, where it was set aside between, in several. */
export interface Making {
  /** Set when it was lost: what of it is still unread is not part of the answer, which is made anew. */
  void: boolean
}

/**
 * A run to read from. They are a chain, so that a slow reader misses none of them: each says where it goes on,
 * once it is known.
 */
export interface Reading {
  readonly run: Run
  readonly making: Making
  /** Resolves with where the next run will be told; null when the answer is over for good. Rejects with the request's error. */
  readonly next: Deferred<Deferred<Reading | null> | null>
}

export function newReading(run: Run, making: Making): Reading {
  return { run, making, next: deferred() }
}
