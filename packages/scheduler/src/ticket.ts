import { BackendError, SchedulerError } from './errors.js'
import type { Deferred } from './deferred.js'
import type { Piece } from './piece.js'
import type { Making, Reading } from './reading.js'
import type { Grant, RequestId, Ticket, Waiting } from './request.js'
import type { RequestRecord } from './request-record.js'

/** What a ticket asks of the scheduler. */
export interface TicketDesk {
  cancel(record: RequestRecord, why: string): void
  waiting(record: RequestRecord): Waiting | null
}

/** The asking side of a request. */
export class RequestTicket implements Ticket {
  readonly #record: RequestRecord
  readonly #desk: TicketDesk
  /** The first of the runs to read from; null once somebody reads. */
  #first: Deferred<Reading | null> | null

  constructor(record: RequestRecord, desk: TicketDesk) {
    this.#record = record
    this.#desk = desk
    this.#first = record.coming
  }

  get id(): RequestId {
    return this.#record.id
  }

  get granted(): Promise<Grant> {
    return this.#record.granted.promise
  }

  get pieces(): AsyncIterable<Piece> {
    return {
      [Symbol.asyncIterator]: () =>
        this.#read(
          () => (this.#record.delivered = true),
          () => undefined,
        ),
    }
  }

  async whole(): Promise<readonly Piece[]> {
    const pieces: Piece[] = []
    const again = () => (pieces.length = 0)
    for await (const piece of this.#read(() => undefined, again)) pieces.push(piece)
    return pieces
  }

  cancel(reason = 'cancelled by its client'): void {
    this.#desk.cancel(this.#record, reason)
  }

  waiting(): Waiting | null {
    return this.#desk.waiting(this.#record)
  }

  /** @param taking called before each piece; @param again called when what was read is void, and comes anew. */
  async *#read(taking: () => void, again: () => void): AsyncGenerator<Piece, void, void> {
    let from = this.#first
    if (from === null) throw new SchedulerError('bad-request', `The pieces of ${this.id} are read already`)
    this.#first = null
    let making: Making | null = null
    try {
      for (;;) {
        const reading: Reading | null = await from.promise
        if (reading === null) return
        if (making !== null && making !== reading.making) again()
        making = reading.making
        try {
          for await (const piece of reading.run.pieces) {
            // What a lost run had left to say is not part of the answer that is now made anew.
            if (reading.making.void) break
            taking()
            yield piece
            if (piece.type === 'finished') return
          }
        } catch {
          // The scheduler hears of the same failure through the run's end, and says what it means.
        }
        from = await reading.next.promise
        if (from === null) {
          throw new BackendError('engine', 'the engine ended the answer without its last piece')
        }
      }
    } finally {
      this.cancel('its reader left')
    }
  }
}
