import type { BackendError, Clock } from '@berth/scheduler'

/** Whether a server can be asked, as last seen. */
export interface RemoteState {
  readonly state: 'connecting' | 'connected' | 'unreachable' | 'denied'
  /** For people to read, where it is not connected. */
  readonly why: string | null
}

/** Milliseconds from the first failure to the next try, and the most that it grows to. */
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000

/** What is known of a server's health. While it is not well, it is tried again by itself, less and less often. */
export class Health {
  readonly #clock: Clock
  readonly #tryAgain: () => void
  readonly #listeners = new Set<(state: RemoteState) => void>()
  #state: RemoteState = { state: 'connecting', why: null }
  #failures = 0
  #timer: Disposable | null = null
  #over = false

  constructor(clock: Clock, tryAgain: () => void) {
    this.#clock = clock
    this.#tryAgain = tryAgain
  }

  get state(): RemoteState {
    return this.#state
  }

  /** Calls the listener at every change. */
  on(listener: (state: RemoteState) => void): Disposable {
    const own = (state: RemoteState) => listener(state)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }

  /** The server has answered. */
  well(): void {
    this.#failures = 0
    this.#rest()
    this.#become({ state: 'connected', why: null })
  }

  /** The server could not be asked, or would not answer. */
  failed(error: BackendError): void {
    if (this.#over) return
    // Busy is well enough, and what was called off says nothing.
    if (error.code === 'busy' || error.code === 'aborted') return
    this.#become({ state: error.code === 'denied' ? 'denied' : 'unreachable', why: error.message })
    this.#rest()
    const wait = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS)
    this.#failures += 1
    this.#timer = this.#clock.at(this.#clock.now() + wait, this.#tryAgain)
  }

  /** No more tries. */
  end(): void {
    this.#over = true
    this.#rest()
    this.#listeners.clear()
  }

  #rest(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
  }

  #become(next: RemoteState): void {
    if (next.state === this.#state.state && next.why === this.#state.why) return
    this.#state = next
    for (const listener of this.#listeners) listener(next)
  }
}
