import type { Reservation } from './reservation.js'
import type { Bytes, DeviceBytes, DeviceId } from './units.js'

export type Amounts = Map<DeviceId, Bytes>

/** What a pending reservation counts on from one that is leaving. */
interface Credit {
  readonly from: HeldReservation
  readonly amounts: Amounts
}

/** What a reservation needs of its budget. */
export interface HeldEffects {
  canGrant(held: HeldReservation): boolean
  amounts(bytes: readonly DeviceBytes[]): Amounts
  changed(held: HeldReservation): void
  released(held: HeldReservation): void
}

/**
 * A reservation as its budget sees it: with what it comes after, and how much it counts on from each of those.
 */
export class HeldReservation implements Reservation {
  readonly kind = 'reservation'
  readonly label: string
  /** Of a pending reservation: what it counts on. Empty once it is granted. */
  readonly credits: Credit[] = []
  readonly #after: Set<HeldReservation>
  readonly #effects: HeldEffects
  #amounts: Amounts
  #granted: boolean
  #released = false

  constructor(label: string, amounts: Amounts, after: readonly HeldReservation[], effects: HeldEffects) {
    this.label = label
    this.#amounts = amounts
    this.#after = new Set(after)
    this.#granted = after.length === 0
    this.#effects = effects
  }

  get amounts(): Amounts {
    return this.#amounts
  }

  get bytes(): readonly DeviceBytes[] {
    return [...this.#amounts].map(([device, bytes]) => ({ device, bytes }))
  }

  get granted(): boolean {
    return this.#granted
  }

  get released(): boolean {
    return this.#released
  }

  grant(): boolean {
    if (this.#released || this.#granted) return this.#granted
    if (this.#after.size > 0 || !this.#effects.canGrant(this)) return false
    this.#granted = true
    return true
  }

  correct(measured: readonly DeviceBytes[]): void {
    const amounts = this.#effects.amounts(measured)
    if (this.#released) return
    this.#amounts = amounts
    this.#effects.changed(this)
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#granted = false
    this.credits.length = 0
    this.#effects.released(this)
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** What it takes of memory that no other is giving up for it. */
  committed(device: DeviceId): Bytes {
    return (this.#amounts.get(device) ?? 0) - this.#credit(device)
  }

  creditFrom(from: HeldReservation, device: DeviceId): Bytes {
    return this.credits.reduce(
      (sum, credit) => sum + (credit.from === from ? (credit.amounts.get(device) ?? 0) : 0),
      0,
    )
  }

  /** Counts on `from` for less; gives back how much less. */
  giveBackCredit(from: HeldReservation, device: DeviceId, most: Bytes): Bytes {
    const credit = this.credits.find((candidate) => candidate.from === from)
    const given = Math.min(most, credit?.amounts.get(device) ?? 0)
    credit?.amounts.set(device, (credit.amounts.get(device) ?? 0) - given)
    return given
  }

  /** It may have become smaller than what it counts on. */
  trimOwnCredits(device: DeviceId): void {
    for (const { from } of this.credits) {
      const excess = -this.committed(device)
      if (excess > 0) this.giveBackCredit(from, device, excess)
    }
  }

  /** That one is gone: its memory is free now, so that it needs no counting on. */
  forget(gone: HeldReservation): void {
    this.#after.delete(gone)
    const at = this.credits.findIndex(({ from }) => from === gone)
    if (at >= 0) this.credits.splice(at, 1)
  }

  #credit(device: DeviceId): Bytes {
    return this.credits.reduce((sum, { amounts }) => sum + (amounts.get(device) ?? 0), 0)
  }
}
