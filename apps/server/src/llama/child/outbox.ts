import type { Piece, RunProgress } from '@berth/scheduler'
import type { FromChild, Id, RunOutcome, RunReport } from '../protocol.js'

type Draft = { -readonly [Key in keyof RunReport]: RunReport[Key] } & { pieces: Piece[] }

/**
 * Collects what runs tell during one decode step and sends it as one message: with eight runs at once that
 * is an eighth of the messages. It goes out when the step's work is done, before the next one's results.
 */
export class Outbox {
  readonly #send: (message: FromChild) => void
  #drafts = new Map<Id, Draft>()

  constructor(send: (message: FromChild) => void) {
    this.#send = send
  }

  piece(run: Id, piece: Piece): void {
    this.#draft(run).pieces.push(piece)
  }

  /** Of several in one step the last is told. */
  progress(run: Id, progress: RunProgress): void {
    this.#draft(run).progress = progress
  }

  /** The last that is told of a run. */
  outcome(run: Id, outcome: RunOutcome): void {
    this.#draft(run).outcome = outcome
  }

  #draft(run: Id): Draft {
    if (this.#drafts.size === 0) setImmediate(() => this.#flush())
    let draft = this.#drafts.get(run)
    if (draft === undefined) {
      draft = { run, pieces: [] }
      this.#drafts.set(run, draft)
    }
    return draft
  }

  #flush(): void {
    const reports = [...this.#drafts.values()]
    this.#drafts = new Map()
    this.#send({ type: 'runs', reports })
  }
}
