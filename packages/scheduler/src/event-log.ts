import type { Clock } from './clock.js'
import type { SchedulerEvent, SchedulerEventBody } from './events.js'

/** Numbers events and hands each to every listener, in order, before the next one is made. */
export class EventLog {
  readonly #clock: Clock
  readonly #listeners = new Set<(event: SchedulerEvent) => void>()
  #seq = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The number of the last event; 0 before the first. */
  get seq(): number {
    return this.#seq
  }

  emit(body: SchedulerEventBody): void {
    this.#seq += 1
    const event: SchedulerEvent = { seq: this.#seq, at: this.#clock.now(), ...body }
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        // A reader's mistake must not stop the scheduler half-way; it surfaces as an unhandled rejection.
        void Promise.reject(error)
      }
    }
  }

  on(listener: (event: SchedulerEvent) => void): Disposable {
    // Wrapped, so that one function that listens twice is two listeners.
    const entry = (event: SchedulerEvent) => listener(event)
    this.#listeners.add(entry)
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) }
  }
}
