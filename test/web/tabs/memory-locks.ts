import type { Locks } from '../../../apps/web/src/host/index.js'

interface Waiting {
  readonly shared: boolean
  readonly run: () => Promise<void>
}

interface Lock {
  holders: number
  readonly waiting: Waiting[]
}

/** Web Locks in memory: first come, first served, those who share together. Each tab of a test has its own view of it. */
export class MemoryLocks {
  readonly #locks = new Map<string, Lock>()

  /** The locks as one tab sees them; `close` gives back all that it holds, as a browser does for a tab that is gone. */
  tab(): Locks & { close(): void } {
    const closed = new AbortController()
    return {
      close: () => closed.abort(),
      hold: (name, during, signal) =>
        new Promise<void>((resolve, reject) => {
          const waiting: Waiting = {
            shared: false,
            run: async () => {
              if (closed.signal.aborted || signal?.aborted === true) return
              const gone = new Promise<void>((over) => closed.signal.addEventListener('abort', () => over()))
              await Promise.race([during().then(resolve, reject), gone])
            },
          }
          signal?.addEventListener('abort', () => reject(new Error('aborted')))
          this.#ask(name, waiting)
        }),
      freed: (name) =>
        new Promise<void>((resolve) => {
          this.#ask(name, {
            shared: true,
            run: () => {
              if (!closed.signal.aborted) resolve()
              return Promise.resolve()
            },
          })
        }),
    }
  }

  isHeld(name: string): boolean {
    return (this.#locks.get(name)?.holders ?? 0) > 0
  }

  #ask(name: string, waiting: Waiting): void {
    const lock = this.#locks.get(name) ?? { holders: 0, waiting: [] }
    this.#locks.set(name, lock)
    lock.waiting.push(waiting)
    // Never at once, as in a browser.
    queueMicrotask(() => this.#grant(lock))
  }

  #grant(lock: Lock): void {
    if (lock.holders > 0) return
    const next = lock.waiting.shift()
    if (next === undefined) return
    lock.holders += 1
    void next.run().finally(() => {
      lock.holders -= 1
      this.#grant(lock)
    })
  }
}
