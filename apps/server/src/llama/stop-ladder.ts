import type { Clock } from '@berth/scheduler'
import type { Child } from './child-process.js'

/** How long each step of stopping a child may take before the next, in milliseconds. */
export interface StopTimes {
  /** From asking to SIGTERM. */
  readonly askMs: number
  /** From SIGTERM to SIGKILL. */
  readonly termMs: number
}

/** Stops a child: asks it, then SIGTERM (which it heeds once it was asked), then SIGKILL on a timer; `now` begins at the end. */
export class StopLadder {
  readonly #child: Child
  readonly #clock: Clock
  readonly #times: StopTimes
  #timer: Disposable | null = null
  #asked = false

  constructor(child: Child, clock: Clock, times: StopTimes) {
    this.#child = child
    this.#clock = clock
    this.#times = times
    void child.exited.then(() => this.#timer?.[Symbol.dispose]())
  }

  /** Whether anybody wanted the child gone. */
  get asked(): boolean {
    return this.#asked
  }

  /** Resolves when it is gone. */
  async stop(how: 'gracefully' | 'now'): Promise<void> {
    if (how === 'now') {
      this.#asked = true
      this.#timer?.[Symbol.dispose]()
      this.#child.kill('SIGKILL')
    } else if (!this.#asked) {
      this.#asked = true
      this.#child.send({ type: 'leave' })
      this.#after(this.#times.askMs, () => {
        this.#child.kill('SIGTERM')
        this.#after(this.#times.termMs, () => this.#child.kill('SIGKILL'))
      })
    }
    await this.#child.exited
  }

  #after(ms: number, step: () => void): void {
    this.#timer = this.#clock.at(this.#clock.now() + ms, step)
  }
}
