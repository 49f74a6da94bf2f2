import { BackendError } from './errors.js'
import type { Piece } from './piece.js'

/** What a reader may leave unread, in characters of text and numbers of vectors. */
const BOUND = 1_048_576

/**
 * Where a run's pieces wait for their reader, for all engines. The engine never waits: text that is not read
 * is joined, and who leaves too much unread loses the job. What was put in before the end can be read after.
 */
export class PieceBuffer implements AsyncIterable<Piece> {
  readonly #left: () => void
  readonly #bound: number
  #pieces: Piece[] = []
  #size = 0
  #wake: (() => void) | null = null
  /** Set once nothing more comes: null for a good end. */
  #end: { error: BackendError | null } | null = null
  #taken = false

  /** @param left called when the reader goes before the end. */
  constructor(left: () => void, bound = BOUND) {
    this.#left = left
    this.#bound = bound
  }

  /**
   * Adds a piece; after the end it is dropped.
   * @returns why the reader has lost the job, if it is too slow: the job is to be ended then.
   */
  push(piece: Piece): BackendError | null {
    if (this.#end !== null) return null
    this.#size += sizeOf(piece)
    if (this.#size > this.#bound) {
      this.#pieces = []
      const error = new BackendError('slow-reader', 'the answer was read too slowly, and was ended')
      this.end(error)
      return error
    }
    const last = this.#pieces.at(-1)
    const joined = last === undefined ? null : join(last, piece)
    if (joined === null) this.#pieces.push(piece)
    else this.#pieces[this.#pieces.length - 1] = joined
    this.#wakeReader()
    return null
  }

  /** Nothing more comes: what waits can still be read, then the loop ends, or throws the error. Only the first call counts. */
  end(error: BackendError | null): void {
    this.#end ??= { error }
    this.#wakeReader()
  }

  [Symbol.asyncIterator](): AsyncIterator<Piece, undefined> {
    if (this.#taken) throw new BackendError('engine', 'the pieces of a run can be read only once')
    this.#taken = true
    return { next: () => this.#next(), return: () => this.#leave() }
  }

  async #next(): Promise<IteratorResult<Piece, undefined>> {
    for (;;) {
      const piece = this.#pieces.shift()
      if (piece !== undefined) {
        this.#size -= sizeOf(piece)
        return { done: false, value: piece }
      }
      if (this.#end !== null) {
        const { error } = this.#end
        // Thrown once; who asks again is told that there is no more.
        this.#end.error = null
        if (error !== null) throw error
        return { done: true, value: undefined }
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #leave(): Promise<IteratorResult<Piece, undefined>> {
    this.#pieces = []
    if (this.#end === null) this.#left()
    return Promise.resolve({ done: true, value: undefined })
  }

  #wakeReader(): void {
    this.#wake?.()
    this.#wake = null
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
      return piece.call.name.length + 1
    case 'finished':
      return 0
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
