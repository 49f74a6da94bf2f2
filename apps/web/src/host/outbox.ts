import type { Clock, Piece } from '@berth/scheduler'
import type { AskEvent } from './contract.js'
import { joinPiece } from './join-pieces.js'

/** How long events wait for others to go with: about a frame. */
const FRAME_MS = 16

export interface Batch {
  readonly id: string
  readonly events: readonly AskEvent[]
}

/**
 * What one tab is to hear of its requests, collected for a frame, so that a fast model costs a message a frame
 * and not one a token. Order within a request is kept; a newer `waiting` or `prompt` takes an older one's place
 * where nothing came between.
 */
export class Outbox {
  readonly #clock: Clock
  readonly #send: (batches: readonly Batch[]) => void
  #waiting = new Map<string, AskEvent[]>()
  #timer: Disposable | null = null

  constructor(clock: Clock, send: (batches: readonly Batch[]) => void) {
    this.#clock = clock
    this.#send = send
  }

  add(id: string, event: AskEvent): void {
    const events = this.#waiting.get(id) ?? []
    this.#waiting.set(id, events)
    const last = events.at(-1)
    if (event.type === 'pieces') {
      const pieces: Piece[] = last?.type === 'pieces' ? [...last.pieces] : []
      for (const piece of event.pieces) joinPiece(pieces, piece)
      if (last?.type === 'pieces') events.pop()
      events.push({ type: 'pieces', pieces })
    } else {
      if (last?.type === event.type && (event.type === 'waiting' || event.type === 'prompt')) events.pop()
      events.push(event)
    }
    this.#timer ??= this.#clock.at(this.#clock.now() + FRAME_MS, () => this.#flush())
  }

  /** Sends nothing more. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
    this.#waiting.clear()
  }

  #flush(): void {
    this.#timer = null
    const batches = [...this.#waiting].map(([id, events]) => ({ id, events }))
    this.#waiting = new Map()
    this.#send(batches)
  }
}
