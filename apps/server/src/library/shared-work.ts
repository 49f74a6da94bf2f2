interface Running {
  readonly done: Promise<void>
  readonly listeners: Set<(progress: number) => void>
  readonly stop: AbortController
  progress: number
}

/**
 * Work that several may want at once is done once: whoever comes later joins. It stops when the last of them
 * has left.
 */
export class SharedWork {
  readonly #running = new Map<string, Running>()

  /**
   * Resolves, or rejects, as the work does; rejects with the signal's reason when the caller leaves.
   * @param report is told the progress, at once where there is some already.
   */
  async join(
    key: string,
    work: (report: (progress: number) => void, signal: AbortSignal) => Promise<void>,
    report: (progress: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted()
    let running = this.#running.get(key)
    // Work that is being stopped is nobody's to join; what it holds is free when it has ended.
    while (running?.stop.signal.aborted) {
      await running.done.catch(() => undefined)
      signal.throwIfAborted()
      running = this.#running.get(key)
    }
    if (running === undefined) running = this.#start(key, work)
    else if (running.progress > 0) report(running.progress)
    const { listeners, done, stop } = running
    // Everybody has a place of their own in the set, though two may bring the same function.
    const listener = (progress: number): void => report(progress)
    listeners.add(listener)
    const settled = new AbortController()
    const left = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { signal: settled.signal })
    })
    try {
      await Promise.race([done, left])
    } finally {
      // A caller's signal may outlive many downloads.
      settled.abort()
      listeners.delete(listener)
      if (listeners.size === 0) stop.abort(signal.reason)
    }
  }

  #start(key: string, work: Parameters<SharedWork['join']>[1]): Running {
    const stop = new AbortController()
    const listeners = new Set<(progress: number) => void>()
    const report = (progress: number): void => {
      running.progress = progress
      for (const listener of listeners) listener(progress)
    }
    const done = Promise.resolve()
      .then(() => work(report, stop.signal))
      .finally(() => this.#running.delete(key))
    // Everybody may have left before it ends.
    done.catch(() => undefined)
    const running: Running = { done, listeners, stop, progress: 0 }
    this.#running.set(key, running)
    return running
  }
}
