/** The part of Web Locks that tabs and the host need; tests have their own. */
export interface Locks {
  /** Waits for the lock, then holds it until `during` has settled. Rejects when the signal comes first. */
  hold(name: string, during: () => Promise<void>, signal?: AbortSignal): Promise<void>
  /** Resolves as soon as nobody holds the lock; never rejects, and never resolves once the signal has come. */
  freed(name: string, signal?: AbortSignal): Promise<void>
}

/**
 * The browser's locks. Only a secure context has them: without (a page by plain http from another machine)
 * every tab is alone, holds whatever it asks for, and is told of nobody's end.
 */
export function browserLocks(): Locks {
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- absent in insecure contexts, whatever the types say
  return navigator.locks ? new WebLocks(navigator.locks) : ALONE
}

/** Whether tabs of this browser can find each other. */
export function isAlone(locks: Locks): boolean {
  return locks === ALONE
}

const ALONE: Locks = {
  hold: (_name, during) => during(),
  freed: () => new Promise<void>(() => undefined),
}

class WebLocks implements Locks {
  readonly #locks: LockManager

  constructor(locks: LockManager) {
    this.#locks = locks
  }

  async hold(name: string, during: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    await this.#locks.request(name, signal ? { signal } : {}, during)
  }

  freed(name: string, signal?: AbortSignal): Promise<void> {
    // Shared, so that those who wait for the same end do not wait for each other.
    const options: LockOptions = signal ? { mode: 'shared', signal } : { mode: 'shared' }
    return new Promise((resolve) => {
      this.#locks.request(name, options, () => resolve()).catch(() => undefined)
    })
  }
}
