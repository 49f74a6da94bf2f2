import { BackendError, type Piece } from '@berth/scheduler'

/** Pieces that wait for a reader. A piece is a token or so, or an embedding. */
const MOST_WAITING = 8_192

/**
 * Between a run, which never waits, and its reader, who may. Ends once: what was put in before the end can
 * be read after it.
 */
export class PieceBuffer implements AsyncIterable<Piece> {
  #pieces: Piece[] = []
  #ended = false
  #error: BackendError | null = null
  #read = false
  #wake: (() => void) | null = null
  readonly #onLeave: () => void

  /** @param onLeave called when the reader goes before the end. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave
  }

  /** False when the reader is too slow: the piece is not taken. */
  put(piece: Piece): boolean {
    if (this.#ended) return true
    if (this.#pieces.length >= MOST_WAITING) return false
    this.#pieces.push(piece)
    this.#wakeReader()
    return true
  }

  /** A second end changes nothing. */
  end(error: BackendError | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#wakeReader()
  }

  [Symbol.asyncIterator](): AsyncIterator<Piece, undefined> {
    if (this.#read) throw new BackendError('engine', 'The pieces of a run can be iterated only once')
    this.#read = true
    return { next: () => this.#next(), return: () => this.#leave() }
  }

  async #next(): Promise<IteratorResult<Piece, undefined>> {
    for (;;) {
      const piece = this.#pieces.shift()
      if (piece !== undefined) return { done: false, value: piece }
      if (this.#ended) {
        const error = this.#error
        this.#error = null
        if (error !== null) throw error
        return { done: true, value: undefined }
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #leave(): Promise<IteratorResult<Piece, undefined>> {
    this.#pieces = []
    if (!this.#ended) this.#onLeave()
    return Promise.resolve({ done: true, value: undefined })
  }

  #wakeReader(): void {
    this.#wake?.()
    this.#wake = null
  }
}
