import type { DeviceId } from '@berth/budget'
import type { Clock } from '../clock.js'

/** What computes on devices and is to know when others begin or end there. */
export interface Computing {
  readonly devices: readonly DeviceId[]
  /** Others have begun or ended on one of its devices, as of now. */
  retime(): void
}

interface Use {
  readonly active: Set<Computing>
  /** Milliseconds in which at least one was active, up to `since`. */
  busyMs: number
  since: number
}

/** Who computes on which device: those on one GPU at the same time share it evenly. */
export class DeviceShares {
  readonly #clock: Clock
  readonly #uses: ReadonlyMap<DeviceId, Use>

  constructor(clock: Clock, devices: readonly DeviceId[]) {
    this.#clock = clock
    this.#uses = new Map(devices.map((id) => [id, { active: new Set(), busyMs: 0, since: 0 }]))
  }

  enter(who: Computing): void {
    for (const id of who.devices) this.#pass(id)?.active.add(who)
    this.#tellOthers(who)
  }

  leave(who: Computing): void {
    for (const id of who.devices) this.#pass(id)?.active.delete(who)
    this.#tellOthers(who)
  }

  /** How many compute on a device; one at least. */
  on(device: DeviceId): number {
    return Math.max(1, this.#uses.get(device)?.active.size ?? 1)
  }

  /** For how long anybody has computed on a device. */
  busyMs(device: DeviceId): number {
    return this.#pass(device)?.busyMs ?? 0
  }

  #tellOthers(who: Computing): void {
    for (const id of who.devices) {
      for (const other of this.#uses.get(id)?.active ?? []) if (other !== who) other.retime()
    }
  }

  #pass(id: DeviceId): Use | undefined {
    const use = this.#uses.get(id)
    if (use === undefined) return undefined
    const now = this.#clock.now()
    if (use.active.size > 0) use.busyMs += now - use.since
    use.since = now
    return use
  }
}
