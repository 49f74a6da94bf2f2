import type { Tokens } from '@berth/budget'

/** How long a figure covers, and how many of them are kept: an hour. */
export const BUCKET_MS = 5_000
const BUCKETS = 720

/** What happened in a bucket, summed. */
const SUMS = ['prompt', 'decoded', 'started', 'hits', 'loads', 'evictions'] as const
/** What there was at its end; goes on into the next. */
const LEVELS = ['waiting', 'running', 'memory'] as const

type Sum = (typeof SUMS)[number]
type Level = (typeof LEVELS)[number]

/** Plots share their times: seconds since 1970, the end of each bucket. A gap, in which nobody watched, is null. */
export interface Series {
  readonly at: readonly number[]
  /** Tokens a second. */
  readonly prompt: readonly (number | null)[]
  readonly decoded: readonly (number | null)[]
  /** Loads and evictions in the minute before. */
  readonly loads: readonly (number | null)[]
  readonly evictions: readonly (number | null)[]
  /** Of the requests begun in the minute before, those for which nothing was loaded, from 0 to 100; null where none began. */
  readonly hitRate: readonly (number | null)[]
  readonly waiting: readonly (number | null)[]
  readonly running: readonly (number | null)[]
  /** Bytes that models hold on all devices. */
  readonly memory: readonly (number | null)[]
}

const PER_MINUTE = 60_000 / BUCKET_MS

/** An hour in a ring of fixed size. */
export class History {
  readonly #columns = new Map<Sum | Level, Float64Array>(
    [...SUMS, ...LEVELS].map((name) => [name, new Float64Array(BUCKETS).fill(NaN)]),
  )
  /** The number, since 1970, of the newest bucket; -1 before the first. */
  #newest = -1

  add(at: number, what: Sum, count: Tokens): void {
    const column = this.#columnAt(at, what)
    column[this.#newest % BUCKETS] = (column[this.#newest % BUCKETS] ?? 0) + count
  }

  set(at: number, what: Level, level: number): void {
    this.#columnAt(at, what)[this.#newest % BUCKETS] = level
  }

  /** Nobody watched from then until now. */
  gap(now: number): void {
    this.#advance(now, true)
  }

  /** Up to now: quiet buckets are there too. */
  series(now: number): Series {
    this.#advance(now, false)
    // The one that is being filled is left out: it would always look like a fall.
    const first = Math.max(0, this.#newest - BUCKETS + 1)
    const numbers = Array.from({ length: this.#newest - first }, (_, index) => first + index)
    const read = (name: Sum | Level, number: number): number =>
      number < first ? NaN : (this.#columns.get(name)?.[number % BUCKETS] ?? NaN)
    const column = (name: Sum | Level, scale = 1): (number | null)[] =>
      numbers.map((number) => orNull(read(name, number) * scale))
    const minute = (name: Sum): (number | null)[] =>
      numbers.map((number) => {
        if (Number.isNaN(read(name, number))) return null
        let sum = 0
        for (let ago = 0; ago < PER_MINUTE; ago += 1) sum += read(name, number - ago) || 0
        return sum
      })
    const started = minute('started')
    const hits = minute('hits')
    return {
      at: numbers.map((number) => ((number + 1) * BUCKET_MS) / 1_000),
      prompt: column('prompt', 1_000 / BUCKET_MS),
      decoded: column('decoded', 1_000 / BUCKET_MS),
      loads: minute('loads'),
      evictions: minute('evictions'),
      hitRate: started.map((count, index) => (count ? ((hits[index] ?? 0) / count) * 100 : null)),
      waiting: column('waiting'),
      running: column('running'),
      memory: column('memory'),
    }
  }

  /** Sums over the last so many milliseconds, the bucket that is being filled included. */
  total(now: number, what: Sum, ms: number): number {
    this.#advance(now, false)
    let sum = 0
    for (let ago = 0; ago < Math.min(BUCKETS, Math.ceil(ms / BUCKET_MS)); ago += 1)
      sum += this.#columns.get(what)?.[(this.#newest - ago) % BUCKETS] || 0
    return sum
  }

  #columnAt(at: number, what: Sum | Level): Float64Array {
    this.#advance(at, false)
    return this.#columns.get(what) ?? new Float64Array(BUCKETS)
  }

  /** What comes late, or after the clock was set back, counts for the newest bucket. */
  #advance(at: number, missed: boolean): void {
    const number = Math.floor(at / BUCKET_MS)
    if (number <= this.#newest) return
    const from = this.#newest === -1 ? number - BUCKETS : Math.max(this.#newest, number - BUCKETS)
    const unseen = missed || this.#newest === -1
    for (let next = from + 1; next <= number; next += 1) {
      const nothing = unseen && next < number ? NaN : 0
      for (const name of SUMS) this.#column(name)[next % BUCKETS] = nothing
      for (const name of LEVELS) {
        const before = this.#column(name)[(next - 1) % BUCKETS] || 0
        this.#column(name)[next % BUCKETS] = unseen && next < number ? NaN : before
      }
    }
    this.#newest = number
  }

  #column(name: Sum | Level): Float64Array {
    const column = this.#columns.get(name)
    if (column === undefined) throw new Error(`there is no column "${name}"`)
    return column
  }
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)
