import type { Clock } from '../clock.js'
import type { EvictionRule } from '../eviction.js'
import type { SchedulerEvent } from '../events.js'
import type { ModelId, Purpose } from '../backend.js'
import type { RunnerEntry } from '../runner-entry.js'
import { seconds } from '../seconds.js'
import type { TraceLine } from './trace.js'

/** When each model is wanted, by name and purpose: times of arrival in milliseconds, rising. */
export type Future = ReadonlyMap<string, Float64Array>

/** Reads a trace for the times at which models are wanted: 8 bytes a request. */
export async function readFuture(lines: Iterable<TraceLine> | AsyncIterable<TraceLine>): Promise<Future> {
  const growing = new Map<string, Times>()
  for await (const line of lines) {
    if (line.type !== 'request') continue
    const name = nameOf(line.model, line.purpose ?? 'generate')
    let times = growing.get(name)
    if (times === undefined) growing.set(name, (times = new Times()))
    times.add(line.at)
  }
  return new Map([...growing].map(([name, times]) => [name, times.all()]))
}

/**
 * Evicts who is wanted again last, because it knows the trace. The least number of loads that eviction can reach,
 * where models are of one size and requests are served one after the other in the order in which they come (Belady,
 * 1966; Mattson et al., 1970). With sizes, load times and requests that overlap it is a reference and no bound: a
 * policy may do with fewer loads by serving in another order.
 */
export class Oracle implements EvictionRule<RunnerEntry> {
  readonly #future: Future
  readonly #clock: Clock
  /** How many requests for a model were served, or will never be. */
  readonly #past = new Map<string, number>()
  readonly #lineOf = new Map<string, string>()

  constructor(future: Future, clock: Clock) {
    this.#future = future
    this.#clock = clock
  }

  hear(event: SchedulerEvent): void {
    if (event.type === 'queued') this.#lineOf.set(event.request, nameOf(event.model, event.purpose))
    else if (event.type === 'running' || event.type === 'refused' || event.type === 'cancelled') {
      const name = this.#lineOf.get(event.request)
      // Once for each: one that is set aside and goes on, or is tried again, was wanted once.
      if (name === undefined || !this.#lineOf.delete(event.request)) return
      this.#past.set(name, (this.#past.get(name) ?? 0) + 1)
    }
  }

  /** A request was turned away before it was in line. */
  turnedAway(model: ModelId, purpose: Purpose): void {
    const name = nameOf(model, purpose)
    this.#past.set(name, (this.#past.get(name) ?? 0) + 1)
  }

  /** Who is wanted last is worth least. */
  worth(runner: RunnerEntry): number {
    return -this.#nextUse(runner)
  }

  why(runner: RunnerEntry): string {
    const next = this.#nextUse(runner)
    return next === Infinity
      ? 'never wanted again'
      : `wanted again in ${seconds(next - this.#clock.now())}, later than others`
  }

  #nextUse({ model, purpose }: RunnerEntry): number {
    const name = nameOf(model, purpose)
    return this.#future.get(name)?.[this.#past.get(name) ?? 0] ?? Infinity
  }
}

/** Numbers in one block of memory that doubles. */
class Times {
  #values = new Float64Array(64)
  #size = 0

  add(value: number): void {
    if (this.#size === this.#values.length) {
      const larger = new Float64Array(this.#size * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#size] = value
    this.#size += 1
  }

  all(): Float64Array {
    return this.#values.slice(0, this.#size)
  }
}

function nameOf(model: ModelId, purpose: Purpose): string {
  return `${purpose} ${model}`
}
