/** Aborts when a wait gets too long, or the caller's signal says so. */
export class Patience {
  readonly #ended = new AbortController()
  readonly #caller: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller
  }

  get signal(): AbortSignal {
    const own = this.#ended.signal
    return this.#caller === undefined ? own : AbortSignal.any([own, this.#caller])
  }

  /** Why it ended by itself; undefined while it has not. */
  get reason(): string | undefined {
    return this.#ended.signal.aborted ? String(this.#ended.signal.reason) : undefined
  }

  get callerGone(): boolean {
    return this.#caller?.aborted ?? false
  }

  /** Begins a new wait. */
  wait(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ended.abort(`nothing came for ${ms / 1_000} s`), ms)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
