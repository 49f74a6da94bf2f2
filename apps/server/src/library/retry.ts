import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '../models/index.js'

/** How often a thing is tried in all, and how long after the first failure; each wait is twice the one before. */
export interface RetryBounds {
  readonly tries: number
  readonly firstDelayMs: number
}

/** A failure that another try may not meet. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  /** Milliseconds after which another try makes sense, where somebody said so. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options)
    this.retryAfterMs = retryAfterMs
  }
}

/** A host that says "in an hour" is not waited for. */
const LONGEST_MS = 60_000

/**
 * Tries again what fails with a TransientError. Work that gets somewhere calls `progressed`, and begins with
 * all its tries anew.
 * @throws StoreError `source-failed` with the last failure's words; whatever else the work throws; the signal's reason.
 */
export async function retried<T>(
  { tries, firstDelayMs }: RetryBounds,
  signal: AbortSignal | undefined,
  work: (progressed: () => void) => Promise<T>,
): Promise<T> {
  let failures = 0
  for (;;) {
    try {
      return await work(() => {
        failures = 0
      })
    } catch (error) {
      if (!(error instanceof TransientError)) throw error
      failures += 1
      const delay = Math.max(firstDelayMs * 2 ** (failures - 1), error.retryAfterMs ?? 0)
      if (failures >= tries || delay > LONGEST_MS) {
        throw new StoreError('source-failed', error.message, { cause: error })
      }
      await wait(delay, undefined, signal === undefined ? {} : { signal })
    }
  }
}
