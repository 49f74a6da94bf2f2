import { round } from './histogram.js'

/** What something was over time, in steps of one length. */
export interface SeriesReport {
  /** Milliseconds of a step. */
  readonly stepMs: number
  /** By name, the mean of each step, from the beginning on. */
  readonly values: Readonly<Record<string, readonly number[]>>
}

/**
 * Levels over time in a bounded number of steps: when time outgrows them, every two become one. Each step keeps
 * the level's mean over it, so that joining steps loses nothing but detail.
 */
export class Series {
  readonly #names: readonly string[]
  readonly #levels: Float64Array
  /** For each name, the sum of level × time in each step. */
  readonly #sums: readonly Float64Array[]
  readonly #most: number
  #stepMs: number
  #at = 0

  /** @param most steps, an even number. */
  constructor(
    names: readonly string[],
    { most = 512, stepMs = 100 }: { most?: number; stepMs?: number } = {},
  ) {
    this.#names = names
    this.#most = most
    this.#stepMs = stepMs
    this.#levels = new Float64Array(names.length)
    this.#sums = names.map(() => new Float64Array(most))
  }

  /** From `at` on a level is another one. Times never go back. */
  set(index: number, level: number, at: number): void {
    if (this.#levels[index] === level) return
    this.advance(at)
    this.#levels[index] = level
  }

  advance(to: number): void {
    while (this.#at < to) {
      const step = Math.floor(this.#at / this.#stepMs)
      if (step >= this.#most) {
        this.#halve()
        continue
      }
      const end = Math.min(to, (step + 1) * this.#stepMs)
      const passed = end - this.#at
      // Rounding may leave the end of a step where its beginning was.
      if (passed <= 0) return
      for (let i = 0; i < this.#sums.length; i += 1) {
        const sums = this.#sums[i]
        if (sums !== undefined) sums[step] = (sums[step] ?? 0) + (this.#levels[i] ?? 0) * passed
      }
      this.#at = end
    }
  }

  /** Up to the last moment that was told. */
  report(): SeriesReport {
    const steps = Math.min(this.#most, Math.ceil(this.#at / this.#stepMs))
    const meanOf = (sums: Float64Array) =>
      Array.from(sums.subarray(0, steps), (sum, step) => {
        const length = Math.min(this.#stepMs, this.#at - step * this.#stepMs)
        return length <= 0 ? 0 : round(sum / length)
      })
    const values = this.#names.map((name, i) => [name, meanOf(this.#sums[i] ?? new Float64Array(0))] as const)
    return { stepMs: this.#stepMs, values: Object.fromEntries(values) }
  }

  #halve(): void {
    this.#stepMs *= 2
    for (const sums of this.#sums) {
      for (let i = 0; i < this.#most; i += 1) {
        sums[i] = i < this.#most / 2 ? (sums[2 * i] ?? 0) + (sums[2 * i + 1] ?? 0) : 0
      }
    }
  }
}
