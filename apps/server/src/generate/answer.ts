import type { Metrics, Piece, SignalLike, Ticket, Waiting } from '@berth/scheduler'
import type { Timing } from './timing.js'

const LEFT = 'the client went away'

/**
 * A request that the scheduler let in, from the side of whoever answers it. It is cancelled wherever it is,
 * in the queue, in the prompt or in decode, as soon as the client's signal is raised.
 */
export class Answer {
  readonly #ticket: Ticket
  readonly #pieces: AsyncIterator<Piece>
  readonly #withThinking: boolean
  readonly #startedAt = performance.now()
  #waitedMs = 0
  /** The next piece, where somebody has looked ahead for it. */
  #ahead: Promise<Piece | undefined> | null = null
  #whole: Promise<readonly Piece[]> | undefined

  /** @param withThinking false leaves out what the model thinks though it was told not to. */
  constructor(ticket: Ticket, client: SignalLike, withThinking = true) {
    this.#ticket = ticket
    this.#withThinking = withThinking
    this.#pieces = ticket.pieces[Symbol.asyncIterator]()
    void this.#awaitGrant()
    if (client.aborted) this.cancel()
    else client.addEventListener('abort', () => this.cancel())
  }

  get timing(): Timing {
    return { totalMs: performance.now() - this.#startedAt, waitedMs: this.#waitedMs }
  }

  cancel(): void {
    this.#ticket.cancel(LEFT)
  }

  /** Where it stands in line; null once it runs or is over. */
  waiting(): Waiting | null {
    return this.#ticket.waiting()
  }

  /**
   * Waits until there is a next piece to send, which `next` will give; before the first one an error can still have
   * a status of its own.
   * @throws whatever ends the request before that.
   */
  async begun(): Promise<void> {
    this.#ahead ??= this.#read()
    await this.#ahead
  }

  async #awaitGrant(): Promise<void> {
    try {
      this.#waitedMs = (await this.#ticket.granted).waitedMs
    } catch {
      // Whoever reads the pieces is told the same.
    }
  }

  /** The next piece, undefined after the last. */
  async next(): Promise<Piece | undefined> {
    const next = this.#ahead ?? this.#read()
    this.#ahead = null
    return await next
  }

  async #read(): Promise<Piece | undefined> {
    for (;;) {
      const { value, done } = await this.#pieces.next()
      if (done) return undefined
      if (this.#shows(value)) return value
    }
  }

  /** The whole of it, for who sends nothing before the end; what was begun with `begun` or `next` is read on with `next`. */
  all(): Promise<readonly Piece[]> {
    this.#whole ??= this.#ticket.whole().then((pieces) => pieces.filter((piece) => this.#shows(piece)))
    return this.#whole
  }

  #shows(piece: Piece): boolean {
    return this.#withThinking || piece.type !== 'thinking'
  }
}

export const NO_METRICS: Metrics = {
  promptTokens: 0,
  cachedTokens: 0,
  promptMs: 0,
  decodedTokens: 0,
  decodeMs: 0,
}
