import type { Bytes, Reservation, Tokens } from '@berth/budget'
import type { Backend, LoadSpec, Parked, RunProgress } from './backend.js'
import type { LoadWish } from './request.js'
import type { RunnerEntry } from './runner-entry.js'

/**
 * What is kept of a job that gave its slot away, with the memory that is reserved for it. It ends in exactly
 * one way: `take`, to go on with it, or `dispose`; later calls of `dispose` change nothing.
 */
export class ParkedJob {
  /** Where it ran: its bytes are there, and end with it at the latest. */
  readonly owner: RunnerEntry
  readonly backend: Backend
  readonly spec: LoadSpec
  readonly progress: RunProgress | null
  /** Tokens of the answer that were decoded. */
  readonly decoded: Tokens
  /** Tokens that were computed, whether or not they are kept. */
  readonly computed: Tokens
  readonly #parked: Parked
  readonly #released: () => void
  #reservation: Reservation | null
  #state: 'kept' | 'taken' | 'disposed' = 'kept'

  /** @param released called when its bytes have come back. */
  constructor(of: {
    readonly parked: Parked
    readonly owner: RunnerEntry
    readonly progress: RunProgress | null
    readonly decoded: Tokens
    readonly computed: Tokens
    readonly reservation: Reservation | null
    readonly released: () => void
  }) {
    this.owner = of.owner
    this.backend = of.owner.backend
    this.spec = of.owner.spec
    this.progress = of.progress
    this.decoded = of.decoded
    this.computed = of.computed
    this.#parked = of.parked
    this.#reservation = of.reservation
    this.#released = of.released
    if (of.reservation === null) this.#quietly(of.parked.forget())
  }

  /** Tokens that need not be computed again. */
  get tokens(): Tokens {
    return this.#reservation === null ? 0 : this.#parked.tokens
  }

  get bytes(): Bytes {
    return this.#reservation?.bytes.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0
  }

  /** The wish that its next load must grant: less would not hold what it has, and another kind of KV would change its text. */
  wish(asked: LoadWish): LoadWish {
    const { contextLength, kvType, adapters } = this.spec
    return { ...asked, contextLength: Math.max(contextLength, asked.contextLength ?? 0), kvType, adapters }
  }

  /** To go on with; its memory is the runner's again. */
  take(): Parked {
    if (this.#state !== 'kept') throw new Error(`A parked job was taken that is ${this.#state}`)
    this.#state = 'taken'
    this.#release()
    return this.#parked
  }

  dispose(): void {
    if (this.#state !== 'kept') return
    this.#state = 'disposed'
    this.#quietly(this.#parked.dispose().finally(() => this.#release()))
  }

  /** Gives its bytes back: the job goes on by being computed again. */
  forget(): void {
    if (this.#state !== 'kept' || this.#reservation === null) return
    const reservation = this.#reservation
    this.#reservation = null
    this.#quietly(
      this.#parked.forget().finally(() => {
        reservation.release()
        this.#released()
      }),
    )
  }

  /** Its runner is gone, and its bytes with it. */
  ownerGone(): void {
    this.#reservation?.release()
    this.#reservation = null
  }

  #release(): void {
    if (this.#reservation === null) return
    this.ownerGone()
    this.#released()
  }

  /** What cannot be given back now goes with its runner. */
  #quietly(done: Promise<void>): void {
    done.catch(() => undefined)
  }
}
