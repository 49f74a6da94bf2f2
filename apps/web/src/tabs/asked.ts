import type { Ask, AskEvent } from '../host/index.js'

/** One request of this tab: what came for it and was not read yet, and how far it is. */
export class Asked {
  readonly ask: Ask
  /** Whether the host that has it has begun to answer: what it said cannot be said again by another. */
  begun = false
  #events: AskEvent[] = []
  #over = false
  #left = false
  #wake: (() => void) | null = null

  constructor(ask: Ask) {
    this.ask = ask
  }

  /** Whether its last event has come. */
  get over(): boolean {
    return this.#over
  }

  add(event: AskEvent): void {
    if (this.#over) return
    if (event.type === 'started') this.begun = true
    if (
      event.type === 'failed' ||
      (event.type === 'pieces' && event.pieces.some((piece) => piece.type === 'finished'))
    ) {
      this.#over = true
    }
    this.#events.push(event)
    this.#wake?.()
    this.#wake = null
  }

  /** Ends the reading where it is, also while it waits. */
  leave(): void {
    this.#left = true
    this.#wake?.()
    this.#wake = null
  }

  /** All events, as they come, to the last. */
  async *events(): AsyncGenerator<AskEvent, void, void> {
    while (!this.#left) {
      const events = this.#events
      this.#events = []
      yield* events
      if (this.#events.length > 0) continue
      if (this.#over || this.#left) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
