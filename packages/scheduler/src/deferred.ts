/** A promise and the means to settle it. A rejection that nobody listens to is no error here. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(reason: unknown): void
}

export function deferred<T>(): Deferred<T> {
  return new LazyDeferred<T>()
}

/**
 * Makes its promise when somebody asks for it: most of what waits in a long queue is never asked, and a
 * hundred thousand promises with their functions are what the garbage collector would be busy with.
 */
class LazyDeferred<T> implements Deferred<T> {
  #outcome: { readonly value: T } | { readonly reason: unknown } | null = null
  #promise: Promise<T> | null = null
  #settle: (() => void) | null = null

  get promise(): Promise<T> {
    if (this.#promise !== null) return this.#promise
    const promise = new Promise<T>((resolve, reject) => {
      this.#settle = () => {
        const outcome = this.#outcome
        if (outcome === null) return
        if ('value' in outcome) resolve(outcome.value)
        else reject(outcome.reason)
      }
      this.#settle()
    })
    promise.catch(() => undefined)
    this.#promise = promise
    return promise
  }

  resolve(value: T): void {
    this.#outcome ??= { value }
    this.#settle?.()
  }

  reject(reason: unknown): void {
    this.#outcome ??= { reason }
    this.#settle?.()
  }
}
