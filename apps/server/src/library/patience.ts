/**
 * Aborts when a wait gets too long, or the caller's signal says so. One controller of its own, and no
 * `AbortSignal.any`: what that makes may be collected, and then never aborts, while only a request holds it.
 */
export class Patience {
  readonly #ended = new AbortController()
  readonly #caller: AbortSignal | undefined
  readonly #leave = (): void => this.#ended.abort(this.#caller?.reason)
  readonly #end: Promise<never>
  #timer: NodeJS.Timeout | undefined

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller
    this.#end = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true })
    })
    this.#end.catch(() => undefined)
    if (caller?.aborted) this.#leave()
    else caller?.addEventListener('abort', this.#leave, { once: true })
  }

  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** Why it ended by itself; undefined while it has not. */
  get reason(): string | undefined {
    return this.#ended.signal.aborted ? String(this.#ended.signal.reason) : undefined
  }

  get callerGone(): boolean {
    return this.#caller?.aborted ?? false
  }

  /** Waits for work, and no longer than the patience lasts: a body that has come to its end may never settle after an abort. */
  async orEnd<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.#end])
  }

  /** Begins a new wait. */
  wait(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ended.abort(`nothing came for ${ms / 1_000} s`), ms)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#leave)
  }
}
