import { names } from '../host/index.js'
import type { Epoch, Locks } from '../host/index.js'

export interface ElectionOptions {
  readonly locks: Locks
  readonly space: string
  /**
   * Starts a host's worker. `begun` resolves when it is the host, and rejects where it cannot be started;
   * `stop` ends it.
   */
  readonly start: (epoch: Epoch) => { readonly begun: Promise<void>; stop(): void }
  readonly newEpoch: () => Epoch
  /** Told at each change: the epoch of the host that this tab runs, or null. */
  readonly leading: (epoch: Epoch | null) => void
  /** Resolves after so long: a host that fails at once must not be started again in a busy loop. */
  readonly wait: (ms: number) => Promise<void>
  readonly signal: AbortSignal
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000

/**
 * Stands for election for as long as the tab lives: whenever the leader's lock is granted, this tab runs the
 * host until that is gone. A tab whose host failed gives others a turn before it tries again.
 */
export async function standForElection(options: ElectionOptions): Promise<void> {
  const { locks, space, signal } = options
  let pause = FIRST_PAUSE_MS
  while (!signal.aborted) {
    try {
      await locks.hold(
        names(space).leader,
        async () => {
          await lead(options)
          pause = FIRST_PAUSE_MS
        },
        signal,
      )
    } catch {
      // Aborted, or the worker could not be started: it says why on the console by itself.
    }
    if (signal.aborted) return
    await options.wait(pause)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }
}

/** Resolves when the host that it started is gone. */
async function lead({ start, newEpoch, leading, locks, space, signal }: ElectionOptions): Promise<void> {
  const epoch = newEpoch()
  const host = start(epoch)
  const stop = (): void => host.stop()
  signal.addEventListener('abort', stop)
  leading(epoch)
  try {
    await host.begun
    await locks.freed(names(space).life(epoch), signal)
  } finally {
    signal.removeEventListener('abort', stop)
    host.stop()
    leading(null)
  }
}
