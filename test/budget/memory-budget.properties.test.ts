import { bytesOf, MemoryBudget } from '@berth/budget'
import type { Reservation } from '@berth/budget'
import * as fc from 'fast-check'
import { assert, test } from 'vitest'
import { runs } from '../runs.js'
import { device } from './machines.js'

const DEVICES = [device('gpu0', 'gpu', 100), device('gpu1', 'gpu', 60), device('ram', 'ram', 300)]
const MARGIN = 10

type Step =
  | { readonly do: 'claim'; readonly bytes: readonly number[]; readonly after: readonly number[] }
  | { readonly do: 'claim-room'; readonly after: readonly number[] }
  | { readonly do: 'correct'; readonly which: number; readonly bytes: readonly number[] }
  | { readonly do: 'grant' | 'release'; readonly which: number }
  | { readonly do: 'foreign'; readonly which: number; readonly bytes: number }

const amounts = fc.tuple(fc.nat({ max: 70 }), fc.nat({ max: 50 }), fc.nat({ max: 200 }))
const which = fc.nat({ max: 30 })
const others = fc.array(which, { maxLength: 3 })
const ordinary: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), bytes: amounts, after: others }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('claim-room' as const), after: others }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('grant' as const, 'release' as const), which }) },
)
const disturbing: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('correct' as const), which, bytes: amounts }),
  fc.record({ do: fc.constant('foreign' as const), which: fc.nat({ max: 2 }), bytes: fc.nat({ max: 40 }) }),
)
const steps = fc.oneof(
  fc.array(ordinary, { minLength: 1, maxLength: 40 }),
  fc.array(fc.oneof({ weight: 4, arbitrary: ordinary }, { weight: 1, arbitrary: disturbing }), {
    maxLength: 40,
  }),
)

/** What a correct budget must come to, worked out anew from all reservations after every step. */
class Model {
  readonly budget = new MemoryBudget(DEVICES, { margin: { bytes: MARGIN } })
  readonly all: Reservation[] = []
  readonly #after = new Map<Reservation, readonly Reservation[]>()
  readonly #foreign = DEVICES.map(() => 0)
  /** A correction or foreign use may break what was promised; from then on only grants are held to account. */
  #disturbed = false

  run(next: Step): void {
    switch (next.do) {
      case 'claim':
        return this.#claim(next.bytes, next.after)
      case 'claim-room': {
        // All the room there is without some: place() may fill it to the last byte.
        const after = this.#pick(next.after)
        const room = this.budget.room({ without: after }).map(({ free }) => free)
        this.#claim(room, next.after)
        if (room.some((free) => free > 0))
          assert.deepEqual(
            this.all.at(-1)?.bytes.map(({ bytes }) => bytes),
            room,
          )
        return
      }
      case 'grant': {
        const reservation = this.all[next.which]
        if (!reservation) return
        const before = reservation.granted
        const waits = (this.#after.get(reservation) ?? []).some(({ released }) => !released)
        const granted = reservation.grant()
        assert.strictEqual(granted, reservation.granted)
        if (waits || reservation.released) assert.strictEqual(granted, false)
        if (!before && granted) this.#expectWithin(reservation)
        return
      }
      case 'release':
        return this.all[next.which]?.release()
      case 'correct': {
        const reservation = this.all[next.which]
        if (reservation && !reservation.released) this.#disturbed = true
        return reservation?.correct(DEVICES.map(({ id }, n) => ({ device: id, bytes: next.bytes[n] ?? 0 })))
      }
      case 'foreign':
        this.#disturbed = true
        this.#foreign[next.which] = next.bytes
        return this.budget.setForeign(DEVICES[next.which]?.id ?? '', next.bytes)
      default:
        void (next satisfies never)
    }
  }

  #claim(bytes: readonly number[], afterIndices: readonly number[]): void {
    const after = this.#pick(afterIndices)
    const wanted = DEVICES.map(({ id }, n) => ({ device: id, bytes: bytes[n] ?? 0 }))
    const room = this.budget.room({ without: after })
    const fits = wanted.every(({ bytes: amount }, n) => amount === 0 || amount <= (room[n]?.free ?? 0))
    const claimed = this.budget.claim(wanted, `claim ${this.all.length}`, after)
    assert.strictEqual(claimed.kind, fits ? 'reservation' : 'shortage')
    if (claimed.kind === 'shortage') return
    this.all.push(claimed)
    const isNothing = wanted.every(({ bytes: amount }) => amount === 0)
    const waitsFor = isNothing ? [] : after.filter(({ released }) => !released)
    this.#after.set(claimed, waitsFor)
    assert.strictEqual(claimed.granted, waitsFor.length === 0)
    if (claimed.granted) this.#expectWithin(claimed)
  }

  check(): void {
    const live = this.all.filter(({ released }) => !released)
    for (const [n, usage] of this.budget.usage().entries()) {
      const id = usage.device.id
      const sum = (some: readonly Reservation[]): number =>
        some.reduce((total, { bytes }) => total + bytesOf(bytes, id), 0)
      const granted = sum(live.filter((reservation) => reservation.granted))
      assert.strictEqual(usage.reserved, granted)
      assert.strictEqual(usage.pending, sum(live.filter((reservation) => !reservation.granted)))
      assert.strictEqual(usage.usable, usage.capacity - MARGIN)
      assert.strictEqual(usage.overdrawn, Math.max(0, granted + (this.#foreign[n] ?? 0) - usage.usable))
      assert.ok(usage.free >= 0)
      assert.ok(usage.free <= Math.max(0, usage.usable - granted - (this.#foreign[n] ?? 0)))
      if (usage.overdrawn > 0) assert.strictEqual(usage.free, 0)
      if (!this.#disturbed) this.#expectFutures(live, id, usage.usable)
    }
  }

  /** Whichever pending reservations give up, those that stay fit once what they come after has left. */
  #expectFutures(live: readonly Reservation[], id: string, usable: number): void {
    const pending = live.filter((reservation) => !reservation.granted)
    const held = live.filter((reservation) => reservation.granted)
    for (let subset = 0; subset < 2 ** Math.min(pending.length, 6); subset++) {
      const staying = pending.filter((_, n) => (subset >> n) % 2 === 1 || n >= 6)
      const leaving = new Set(staying.flatMap((reservation) => this.#after.get(reservation) ?? []))
      const occupied = [...held, ...staying]
        .filter((reservation) => !leaving.has(reservation))
        .reduce((total, { bytes }) => total + bytesOf(bytes, id), 0)
      assert.ok(occupied <= usable)
    }
  }

  /** Everything that was promised comes true, and afterwards nothing is left. */
  finish(): void {
    for (const reservation of this.all) if (this.#waitedFor(reservation)) reservation.release()
    if (!this.#disturbed) {
      for (let changed = true; changed;) {
        changed = false
        for (const reservation of this.all) {
          if (reservation.released) continue
          if (!reservation.granted && reservation.grant()) changed = true
        }
      }
      for (const reservation of this.all)
        assert.strictEqual(reservation.granted || reservation.released, true)
    }
    for (const reservation of this.all) reservation.release()
    for (const { reserved, pending } of this.budget.usage()) assert.deepEqual([reserved, pending], [0, 0])
  }

  #waitedFor(reservation: Reservation): boolean {
    return [...this.#after].some(([later, earlier]) => !later.released && earlier.includes(reservation))
  }

  #pick(indices: readonly number[]): Reservation[] {
    return [...new Set(indices.flatMap((n) => this.all[n] ?? []))]
  }

  #expectWithin(granted: Reservation): void {
    for (const {
      device: { id },
      reserved,
      foreign,
      usable,
    } of this.budget.usage()) {
      if (bytesOf(granted.bytes, id) > 0) assert.ok(reserved + foreign <= usable)
    }
  }
}

test('whatever is claimed, corrected, granted and released in whatever order, the budget holds', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const model = new Model()
      for (const next of all) {
        model.run(next)
        model.check()
      }
      model.finish()
    }),
    { numRuns: runs(3_000) },
  )
})
