import { BackendError } from './errors.js'
import type { Piece } from './piece.js'

/** What a reader may leave unread, in characters of text or numbers of vectors. */
const BOUND = 262_144

/**
 * Where a run's pieces wait for their reader, for all engines. A slow reader never holds the engine: text
 * that waits is joined, and one who leaves too much unread loses the job. Leaving the loop early cancels.
 */
export class PieceBuffer implements AsyncIterable<Piece> {
  readonly #cancel: () => void
  readonly #bound: number
  readonly #pieces: Piece[] = []
  #size = 0
  #wake: (() => void) | null = null
  /** Set once nothing more comes: null for a good end. */
  #end: { readonly error: BackendError | null } | null = null
  #taken = false

  /** @param cancel called when the reader has left, or is too slow; the run is to end then. */
  constructor(cancel: () => void, bound = BOUND) {
    this.#cancel = cancel
    this.#bound = bound
  }

  /** Adds a piece; after the end it is dropped. */
  push(piece: Piece): void {
    if (this.#end !== null) return
    this.#size += sizeOf(piece)
    if (this.#size > this.#bound) {
      this.#pieces.length = 0
      this.end(new BackendError('slow-reader', 'the answer was not read, and too much of it was waiting'))
      this.#cancel()
      return
    }
    const last = this.#pieces.at(-1)
    const joined = last === undefined ? null : join(last, piece)
    if (joined === null) this.#pieces.push(piece)
    else this.#pieces[this.#pieces.length - 1] = joined
    this.#wake?.()
  }

  /** Nothing more comes: what waits can still be read, then the loop ends, or throws the error. Only the first call counts. */
  end(error: BackendError | null): void {
    this.#end ??= { error }
    this.#wake?.()
  }

  [Symbol.asyncIterator](): AsyncIterator<Piece> {
    return this.#read()
  }

  async *#read(): AsyncGenerator<Piece, void, void> {
    if (this.#taken) throw new BackendError('engine', 'the pieces of this run are read already')
    this.#taken = true
    try {
      for (;;) {
        const piece = this.#pieces.shift()
        if (piece !== undefined) {
          this.#size -= sizeOf(piece)
          yield piece
        } else if (this.#end !== null) {
          if (this.#end.error !== null) throw this.#end.error
          return
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
          this.#wake = null
        }
      }
    } finally {
      if (this.#end === null) {
        this.end(new BackendError('aborted', 'its reader left'))
        this.#cancel()
      }
    }
  }
}

function sizeOf(piece: Piece): number {
  switch (piece.type) {
    case 'text':
    case 'thinking':
      return piece.text.length + 1
    case 'embedding':
      return piece.vector.length
    case 'tool-call':
      return JSON.stringify(piece.call).length
    case 'finished':
      return piece.context?.length ?? 0
  }
}

/** Two neighbours as one, where nothing is lost by it. */
function join(a: Piece, b: Piece): Piece | null {
  if (a.type === 'thinking' && b.type === 'thinking') {
    return { ...a, text: a.text + b.text, tokens: a.tokens + b.tokens }
  }
  if (a.type !== 'text' || b.type !== 'text') return null
  const logprobs =
    a.logprobs || b.logprobs ? { logprobs: [...(a.logprobs ?? []), ...(b.logprobs ?? [])] } : {}
  return { type: 'text', text: a.text + b.text, tokens: a.tokens + b.tokens, ...logprobs }
}
