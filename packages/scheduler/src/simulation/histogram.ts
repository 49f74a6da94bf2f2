/** Buckets grow by this factor: what is read from one is within 1% of what was put in. */
const GROWTH = 1.02
const LN_GROWTH = Math.log(GROWTH)
/** Below this, in the values' unit, all is one bucket. */
const LEAST = 1e-3
/** Up to 3e9 times as much: milliseconds of a month. */
const BUCKETS = 1_450

/** What was counted, in a few figures. Quantiles are within 1%, the rest is exact. */
export interface Distribution {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/**
 * Counts values from 0 in buckets that each are 2% wider than the one before, so that a quantile is known to
 * within 1% of itself (0.001 below 0.1) whatever the values are, in a memory that does not grow with their
 * number (the logarithmic mapping of DDSketch: Masson, Rim and Lee, VLDB 2019).
 */
export class Histogram {
  #counts: Uint32Array | null = null
  #count = 0
  #sum = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  add(value: number): void {
    const counts = (this.#counts ??= new Uint32Array(BUCKETS))
    const at = value <= LEAST ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(value / LEAST) / LN_GROWTH))
    counts[at] = (counts[at] ?? 0) + 1
    this.#count += 1
    this.#sum += value
    if (value > this.#max) this.#max = value
  }

  /** Counts what another one has counted as well. */
  addAll(other: Histogram): void {
    if (other.#counts === null) return
    const counts = (this.#counts ??= new Uint32Array(BUCKETS))
    for (const [at, count] of other.#counts.entries()) counts[at] = (counts[at] ?? 0) + count
    this.#count += other.#count
    this.#sum += other.#sum
    this.#max = Math.max(this.#max, other.#max)
  }

  /** The value that this part of them does not exceed; 0 where there are none. */
  quantile(part: number): number {
    if (this.#count === 0 || this.#counts === null) return 0
    const rank = Math.max(1, Math.ceil(part * this.#count))
    let seen = 0
    for (const [at, count] of this.#counts.entries()) {
      seen += count
      if (seen >= rank) return Math.min(this.#max, middleOf(at))
    }
    return this.#max
  }

  summary(): Distribution {
    return {
      count: this.#count,
      mean: round(this.#count === 0 ? 0 : this.#sum / this.#count),
      p50: round(this.quantile(0.5)),
      p90: round(this.quantile(0.9)),
      p99: round(this.quantile(0.99)),
      max: round(this.#max),
    }
  }
}

/** As far from the lower end of its bucket as from the upper, in parts of itself. */
function middleOf(bucket: number): number {
  if (bucket === 0) return 0
  return (2 * LEAST * GROWTH ** bucket) / (1 + GROWTH)
}

/** For reports: what is beyond the thousandth is noise. */
export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
