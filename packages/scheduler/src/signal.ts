/** The part of the platform's AbortSignal that the contract needs; every AbortSignal is one. */
export interface SignalLike {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A signal that its owner raises; the packages have no platform to take one from. */
export class Abort implements SignalLike {
  readonly #listeners = new Set<() => void>()
  #aborted = false
  #reason: unknown

  get aborted(): boolean {
    return this.#aborted
  }

  get reason(): unknown {
    return this.#reason
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  /** Raises the signal; a second call changes nothing. Throws what a listener threw, after all were called. */
  abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    const failures: unknown[] = []
    for (const listener of listeners) {
      try {
        listener()
      } catch (error) {
        failures.push(error)
      }
    }
    // Only after everybody has heard: one listener's mistake must not keep a load alive.
    if (failures.length > 0) throw failures[0]
  }
}
