import type { Device, DeviceRoom } from './device.js'
import { formatBytes } from './format-bytes.js'
import { HeldReservation } from './held-reservation.js'
import type { Amounts, HeldEffects } from './held-reservation.js'
import type { Reservation, Shortage } from './reservation.js'
import { bytesOf } from './units.js'
import type { Bytes, DeviceBytes, DeviceId } from './units.js'

/** Memory of every device that is never reserved: the larger of an amount and a part of its capacity. */
export interface SafetyMargin {
  readonly bytes?: Bytes
  /** From 0 to 1. */
  readonly fraction?: number
}

export interface MemoryBudgetOptions {
  /** Absent: none. */
  readonly margin?: SafetyMargin
  /** For single devices, instead of `margin`. */
  readonly margins?: Readonly<Record<DeviceId, SafetyMargin>>
}

/** What goes on on one device. Plain data. */
export interface DeviceUsage {
  readonly device: Device
  readonly capacity: Bytes
  /** Capacity less the safety margin. */
  readonly usable: Bytes
  /** Granted reservations. */
  readonly reserved: Bytes
  /** Reservations that wait for others to leave. */
  readonly pending: Bytes
  /** Taken by what is not ours. */
  readonly foreign: Bytes
  /** What a claim could have now. */
  readonly free: Bytes
  /** How much more is reserved and foreign than usable; nothing is granted here while it is above 0. */
  readonly overdrawn: Bytes
}

/**
 * The only place that says yes to memory.
 *
 * What is committed on a device is the sum of what is granted, plus that part of every pending reservation
 * which the ones it comes after do not cover. A claim must fit beside it. So:
 * - granted bytes never exceed what is usable at the moment of a grant;
 * - nobody gets what an eviction frees but the one for whom it is evicted, until that one gives up;
 * - whichever pending reservations are given up, those that stay still fit: each counts only on memory that
 *   is free and on what itself comes after, never on what leaves for the sake of another.
 */
export class MemoryBudget {
  readonly #options: MemoryBudgetOptions
  readonly #usable: Amounts
  readonly #foreign: Amounts = new Map()
  readonly #held = new Set<HeldReservation>()
  #devices: readonly Device[]

  /** @throws RangeError for two devices of one id, a capacity or a margin that is none. */
  constructor(devices: readonly Device[], options: MemoryBudgetOptions = {}) {
    this.#options = options
    this.#devices = devices
    this.#usable = new Map()
    for (const device of devices) {
      if (this.#usable.has(device.id)) throw new RangeError(`two devices are called ${device.id}`)
      this.#setUsable(device)
    }
  }

  get devices(): readonly Device[] {
    return this.#devices
  }

  /**
   * Reserves memory, or tells what is missing; all devices or none. A claim of nothing is always granted.
   * @param label whose it is, for people.
   * @param after reservations that are on their way out. With them the claim may count on their memory: it
   *   is then pending, and `grant` succeeds once they are released. Released ones are ignored.
   * @throws RangeError for a device that the budget does not have, or bytes that are no whole number from 0.
   */
  claim(
    bytes: readonly DeviceBytes[],
    label: string,
    after: readonly Reservation[] = [],
  ): Reservation | Shortage {
    const wanted = this.#amounts(bytes)
    const before = [...wanted.values()].some((amount) => amount > 0) ? this.#own(after) : []
    const short = [...wanted]
      .map(([device, amount]) => {
        const free = this.#roomOn(device, before)
        return { device, wanted: amount, free, missing: amount - free }
      })
      .filter(({ missing, wanted: amount }) => missing > 0 && amount > 0)
    if (short.length > 0) return { kind: 'shortage', devices: short, reason: this.#reason(short) }
    const held = new HeldReservation(label, wanted, before, this.#effects)
    for (const from of before) held.credits.push({ from, amounts: this.#takeCredit(held, from) })
    this.#held.add(held)
    return held
  }

  /**
   * What a claim could have on every device. With `without`, what a claim that comes after those could have;
   * `place` in that room and the claim for the placement succeeds.
   */
  room(options: { readonly without?: readonly Reservation[] } = {}): readonly DeviceRoom[] {
    const without = this.#own(options.without ?? [])
    return this.devices.map((device) => ({ device, free: this.#roomOn(device.id, without) }))
  }

  /**
   * What there is for models in all, with nothing loaded and nobody else on the machine: others may leave, so
   * only what does not fit here can never be loaded.
   */
  emptyRoom(): readonly DeviceRoom[] {
    return this.devices.map((device) => ({ device, free: this.#usableOn(device.id) }))
  }

  /**
   * Says what others (another program on the GPU, the page beside the server) take of a device. May overdraw it.
   * @throws RangeError for a device that the budget does not have, or bytes that are no whole number from 0.
   */
  setForeign(device: DeviceId, bytes: Bytes): void {
    this.#usableOn(device)
    checkBytes(bytes, `foreign bytes on ${device}`)
    this.#foreign.set(device, bytes)
  }

  /**
   * Says that a device has another capacity than was thought: somebody has set it, or a load has shown it. May
   * overdraw it.
   * @throws RangeError for a device that the budget does not have, or bytes that are no whole number from 0.
   */
  setCapacity(device: DeviceId, capacity: Bytes): void {
    this.#usableOn(device)
    checkBytes(capacity, `capacity of ${device}`)
    this.#devices = this.#devices.map((had) => (had.id === device ? { ...had, capacity } : had))
    for (const had of this.#devices) if (had.id === device) this.#setUsable(had)
  }

  usage(): readonly DeviceUsage[] {
    return this.devices.map((device) => {
      const usable = this.#usableOn(device.id)
      const foreign = this.#foreignOn(device.id)
      const reserved = this.#sum(device.id, (held) => held.granted)
      return {
        device,
        capacity: device.capacity,
        usable,
        reserved,
        pending: this.#sum(device.id, (held) => !held.granted),
        foreign,
        free: this.#roomOn(device.id, []),
        overdrawn: Math.max(0, reserved + foreign - usable),
      }
    })
  }

  readonly #effects: HeldEffects = {
    canGrant: (held) =>
      [...held.amounts].every(([device, amount]) => {
        const taken = this.#sum(device, (other) => other.granted) + this.#foreignOn(device)
        return amount === 0 || taken + amount <= this.#usableOn(device)
      }),
    amounts: (bytes) => this.#amounts(bytes),
    changed: (held) => this.#trimCredits(held),
    released: (held) => {
      this.#held.delete(held)
      for (const other of this.#held) other.forget(held)
    },
  }

  #setUsable({ id, capacity }: Device): void {
    checkBytes(capacity, `capacity of ${id}`)
    const margin = this.#options.margins?.[id] ?? this.#options.margin ?? {}
    this.#usable.set(id, Math.max(0, capacity - marginBytes(margin, capacity)))
  }

  /** Bytes that a claim after `before` could have on a device. */
  #roomOn(device: DeviceId, before: readonly HeldReservation[]): Bytes {
    let committed = 0
    for (const held of this.#held) committed += held.committed(device)
    const leaving = before.reduce((sum, held) => sum + this.#uncredited(held, device), 0)
    return Math.max(0, this.#usableOn(device) - this.#foreignOn(device) - committed + leaving)
  }

  /** What of a leaving reservation's own memory no pending one counts on yet. */
  #uncredited(held: HeldReservation, device: DeviceId): Bytes {
    let credited = 0
    for (const other of this.#held) credited += other.creditFrom(held, device)
    return held.committed(device) - credited
  }

  #takeCredit(held: HeldReservation, from: HeldReservation): Amounts {
    return new Map(
      [...held.amounts].map(([device]) => [
        device,
        Math.min(held.committed(device), Math.max(0, this.#uncredited(from, device))),
      ]),
    )
  }

  /** After a reservation's figures changed, nobody counts on more than it holds. */
  #trimCredits(held: HeldReservation): void {
    for (const device of this.#usable.keys()) {
      held.trimOwnCredits(device)
      let excess = -this.#uncredited(held, device)
      for (const other of this.#held) if (excess > 0) excess -= other.giveBackCredit(held, device, excess)
    }
  }

  #sum(device: DeviceId, which: (held: HeldReservation) => boolean): Bytes {
    let sum = 0
    for (const held of this.#held) if (which(held)) sum += held.amounts.get(device) ?? 0
    return sum
  }

  #own(reservations: readonly Reservation[]): readonly HeldReservation[] {
    const own = new Set<HeldReservation>()
    for (const reservation of reservations) {
      if (reservation.released) continue
      if (!(reservation instanceof HeldReservation && this.#held.has(reservation))) {
        throw new RangeError(`the reservation "${reservation.label}" is another budget's`)
      }
      own.add(reservation)
    }
    return [...own]
  }

  #amounts(bytes: readonly DeviceBytes[]): Amounts {
    for (const { device, bytes: amount } of bytes) {
      this.#usableOn(device)
      checkBytes(amount, `bytes on ${device}`)
    }
    return new Map(bytes.map(({ device }) => [device, bytesOf(bytes, device)]))
  }

  #usableOn(device: DeviceId): Bytes {
    const usable = this.#usable.get(device)
    if (usable === undefined) {
      throw new RangeError(`there is no device ${device}: one of ${[...this.#usable.keys()].join(', ')} is`)
    }
    return usable
  }

  #foreignOn(device: DeviceId): Bytes {
    return this.#foreign.get(device) ?? 0
  }

  #reason(short: Shortage['devices']): string {
    return short
      .map(({ device, wanted, free }) => {
        const name = this.devices.find(({ id }) => id === device)?.name ?? device
        return `${name} has ${formatBytes(free)} free of ${formatBytes(wanted)} needed`
      })
      .join('; ')
  }
}

function marginBytes({ bytes = 0, fraction = 0 }: SafetyMargin, capacity: Bytes): Bytes {
  checkBytes(bytes, 'margin')
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new RangeError(`Expected the margin's fraction to be from 0 to 1, got ${fraction}`)
  }
  return Math.max(bytes, Math.ceil(capacity * fraction))
}

function checkBytes(bytes: Bytes, what: string): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new RangeError(`Expected ${what} to be a whole number from 0, got ${bytes}`)
  }
}
