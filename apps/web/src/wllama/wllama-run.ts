import {
  BackendError,
  deferred,
  PieceBuffer,
  type Parked,
  type Piece,
  type Run,
  type RunEnd,
  type RunProgress,
} from '@berth/scheduler'

/** One job in one slot, as the scheduler sees it. */
export class WllamaRun implements Run {
  readonly pieces: PieceBuffer
  readonly slotFree: Promise<RunEnd>
  readonly #free = deferred<RunEnd>()
  readonly #listeners = new Set<(progress: RunProgress) => void>()
  #cancelled = false
  #over = false
  #tooSlow: BackendError | null = null

  constructor() {
    this.slotFree = this.#free.promise
    this.pieces = new PieceBuffer(() => this.cancel())
  }

  /** Whether its work is to end at the next step. */
  get cancelled(): boolean {
    return this.#cancelled
  }

  onProgress(listener: (progress: RunProgress) => void): Disposable {
    // Each registration is one of its own, also of the same function.
    const own = (progress: RunProgress): void => listener(progress)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }

  cancel(): void {
    this.#cancelled = true
  }

  /** A prompt cannot go in as tokens, and the same text need not become the same tokens again. */
  park(): Promise<Parked> {
    return Promise.reject(new BackendError('unsupported', 'This engine cannot set a job aside'))
  }

  piece(piece: Piece): void {
    if (this.#over) return
    this.#tooSlow ??= this.pieces.push(piece)
    if (this.#tooSlow !== null) this.#cancelled = true
  }

  progress(progress: RunProgress): void {
    if (!this.#over) for (const listener of this.#listeners) listener(progress)
  }

  /** Its slot is free. Only the first end counts. */
  end(outcome: RunEnd): void {
    if (this.#over) return
    this.#over = true
    this.#listeners.clear()
    const end: RunEnd =
      this.#tooSlow === null
        ? outcome
        : {
            how: 'failed',
            error: this.#tooSlow,
            ...(outcome.metrics === undefined ? {} : { metrics: outcome.metrics }),
          }
    this.pieces.end(
      end.how === 'failed'
        ? end.error
        : end.how === 'cancelled'
          ? new BackendError('aborted', 'The job was cancelled')
          : null,
    )
    this.#free.resolve(end)
  }
}
