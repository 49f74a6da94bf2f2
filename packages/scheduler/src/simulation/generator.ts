import type { RequestClass } from '../request.js'
import { arrivalTimes, type Arrivals } from './arrivals.js'
import { AZURE_CONVERSATION, drawLength, type LengthsOfRequests } from './lengths.js'
import { Random } from './random.js'
import { TRACE_VERSION, type TraceLine, type TraceModel } from './trace.js'

/** What to make a trace of. */
export interface Workload {
  /** The same one gives the same trace. */
  readonly seed: number
  /** How many requests, or for how long; whichever comes first. One of the two at least. */
  readonly requests?: number
  readonly durationMs?: number
  /** The most wanted first. */
  readonly models: readonly TraceModel[]
  /** Of Zipf's law: the k-th model is wanted 1/k^skew as often as the first. 0: all alike. Absent: 1. */
  readonly skew?: number
  readonly arrivals: Arrivals
  /** Absent: Azure's conversations. */
  readonly lengths?: LengthsOfRequests
  readonly clients?: readonly ClientMix[]
}

/** Some clients of a kind, and what part of all requests comes from them together. */
export interface ClientMix {
  /** They are called this, or `name-1`, `name-2` … where there are several. */
  readonly name: string
  /** Absent: one. */
  readonly count?: number
  /** In parts of all clients' weights. Absent: 1. */
  readonly weight?: number
  readonly class?: RequestClass
  /** Absent: the workload's. */
  readonly lengths?: LengthsOfRequests
}

const ANYBODY: readonly ClientMix[] = [{ name: 'client', count: 8 }]

/**
 * The lines of a trace, one after the other and the same for a seed. Times, models, clients and lengths are drawn
 * from streams of their own: with another kind of arrivals the requests stay the same.
 * @throws RangeError for a workload that is none.
 */
export function* generate(workload: Workload): Generator<TraceLine, void, void> {
  check(workload)
  const { models, skew = 1, clients = ANYBODY, lengths = AZURE_CONVERSATION } = workload
  const { requests = Infinity, durationMs = Infinity } = workload
  const root = new Random(workload.seed)
  const [times, which, who, long] = [root.fork(), root.fork(), root.fork(), root.fork()]
  yield { type: 'trace', version: TRACE_VERSION, source: `generated, seed ${workload.seed}` }
  yield* models
  const ranks = new Draw(models.map((_, i) => (i + 1) ** -skew))
  const mixes = new Draw(clients.map(({ weight = 1 }) => weight))
  let made = 0
  for (const at of arrivalTimes(workload.arrivals, times)) {
    if (made >= requests || at > durationMs) break
    made += 1
    const model = models[ranks.one(which)]
    const mix = clients[mixes.one(who)]
    if (model === undefined || mix === undefined) return
    const { prompt, answer } = mix.lengths ?? lengths
    const embeds = model.purposes?.includes('generate') === false
    yield {
      type: 'request',
      // To the microsecond, as it is written.
      at: Math.round(at * 1_000) / 1_000,
      model: model.model,
      client: clientOf(mix, who),
      ...(mix.class === undefined ? {} : { class: mix.class }),
      ...(embeds ? { purpose: 'embed' as const } : {}),
      promptTokens: drawLength(prompt, long),
      outputTokens: embeds ? 0 : drawLength(answer, long),
    }
  }
  if (durationMs < Infinity) yield { type: 'end', at: durationMs }
}

function clientOf({ name, count = 1 }: ClientMix, random: Random): string {
  return count === 1 ? name : `${name}-${1 + Math.floor(random.uniform() * count)}`
}

/** Draws an index, each as likely as its weight says. */
class Draw {
  readonly #sums: Float64Array
  readonly #total: number

  constructor(weights: readonly number[]) {
    let sum = 0
    this.#sums = Float64Array.from(weights, (weight) => (sum += weight))
    this.#total = sum
  }

  one(random: Random): number {
    const at = random.uniform() * this.#total
    let [low, high] = [0, this.#sums.length - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sums[middle] ?? 0) <= at) low = middle + 1
      else high = middle
    }
    return low
  }
}

function check({ models, requests, durationMs, arrivals, skew = 1, clients = ANYBODY }: Workload): void {
  if (models.length === 0) throw new RangeError('Expected models to name one model at least, got none')
  if (clients.length === 0) throw new RangeError('Expected clients to name one client at least, got none')
  if (requests === undefined && durationMs === undefined) {
    throw new RangeError('Expected requests or durationMs to say how long the trace is, got neither')
  }
  const positive: Readonly<Record<string, number | undefined>> =
    arrivals.kind === 'day-and-night'
      ? { high: arrivals.high, dayMs: arrivals.dayMs }
      : arrivals.kind === 'bursts'
        ? { rate: arrivals.rate, onMs: arrivals.onMs, offMs: arrivals.offMs }
        : { rate: arrivals.rate }
  for (const [name, value] of Object.entries({ ...positive, requests, durationMs })) {
    if (value !== undefined && !(value > 0))
      throw new RangeError(`Expected ${name} to be above 0, got ${value}`)
  }
  if (arrivals.kind === 'day-and-night' && !(arrivals.low >= 0 && arrivals.low <= arrivals.high)) {
    throw new RangeError(`Expected low to be from 0 to ${arrivals.high}, got ${arrivals.low}`)
  }
  if (!(skew >= 0)) throw new RangeError(`Expected skew to be 0 or more, got ${skew}`)
}
