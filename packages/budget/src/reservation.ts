import type { Bytes, DeviceBytes, DeviceId } from './units.js'

/** Memory that a `MemoryBudget` said yes to. Whoever holds it gives it back with `release`. */
export interface Reservation extends Disposable {
  readonly kind: 'reservation'
  readonly label: string
  /** What it holds now: as claimed, or as last corrected. */
  readonly bytes: readonly DeviceBytes[]
  /** Whether the memory may be used. A pending reservation waits for what it comes after. */
  readonly granted: boolean
  readonly released: boolean
  /**
   * Tries to turn a pending reservation into a granted one: it can, once all that it comes after is released
   * and no device it needs is overdrawn. True when it is granted now (or was before).
   */
  grant(): boolean
  /**
   * Replaces the figures by measured ones. They are believed even where they overdraw a device: nothing
   * is granted there until it isn't. A released reservation stays released.
   * @throws RangeError for a device that the budget does not have, or bytes that are no whole number from 0.
   */
  correct(measured: readonly DeviceBytes[]): void
  /** Gives everything back. Again and later it changes nothing. */
  release(): void
}

/** A claim that was turned down. Nothing is held. */
export interface Shortage {
  readonly kind: 'shortage'
  /** The devices that are short, in the budget's order. */
  readonly devices: readonly {
    readonly device: DeviceId
    readonly wanted: Bytes
    readonly free: Bytes
    readonly missing: Bytes
  }[]
  /** In words, with the figures. */
  readonly reason: string
}
