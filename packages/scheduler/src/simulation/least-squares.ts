/**
 * Finds factors, none of them negative, by which sums of known parts best explain what was measured: the least
 * squares of `measured - Σ factor · part`. Rows are folded as they come, so that its memory does not grow.
 */
export class LeastSquares {
  readonly #size: number
  /** The normal equations, A · factors = b. */
  readonly #a: number[][]
  readonly #b: number[]
  #rows = 0

  constructor(size: number) {
    this.#size = size
    this.#a = Array.from({ length: size }, () => Array.from({ length: size }, () => 0))
    this.#b = Array.from({ length: size }, () => 0)
  }

  get rows(): number {
    return this.#rows
  }

  /** @param weight how much this row counts, such as one over its variance. */
  add(parts: readonly number[], measured: number, weight: number): void {
    this.#rows += 1
    for (let i = 0; i < this.#size; i += 1) {
      const part = weight * (parts[i] ?? 0)
      this.#b[i] = (this.#b[i] ?? 0) + part * measured
      const row = this.#a[i] ?? []
      for (let j = 0; j < this.#size; j += 1) row[j] = (row[j] ?? 0) + part * (parts[j] ?? 0)
    }
  }

  /**
   * Null before there is anything to learn from. Factors that cannot be told apart are explained by the first of
   * them alone. Tries every set of factors that are not zero: they are three or four.
   */
  solve(): readonly number[] | null {
    let best: readonly number[] | null = null
    let least = Infinity
    for (let chosen = 1; chosen < 1 << this.#size; chosen += 1) {
      const at = Array.from({ length: this.#size }, (_, i) => i).filter((i) => (chosen & (1 << i)) !== 0)
      const found = this.#solveFor(at)
      if (found === null || found.some((factor) => factor < 0)) continue
      const error = this.#error(found)
      // A set that explains no more is not taken for it.
      if (best !== null && error >= least - 1e-9 * Math.abs(least)) continue
      best = found
      least = error
    }
    return best
  }

  /** The part of the squared error that depends on the factors. */
  #error(factors: readonly number[]): number {
    return factors.reduce((sum, factor, i) => {
      const explained = factors.reduce((row, other, j) => row + (this.#a[i]?.[j] ?? 0) * other, 0)
      return sum + factor * (explained - 2 * (this.#b[i] ?? 0))
    }, 0)
  }

  /** Gauss's elimination with the factors at `at`, all others zero; null where they cannot be told apart. */
  #solveFor(at: readonly number[]): readonly number[] | null {
    const rows = at.map((i) => [...at.map((j) => this.#a[i]?.[j] ?? 0), this.#b[i] ?? 0])
    for (let k = 0; k < rows.length; k += 1) {
      const scale = this.#a[at[k] ?? 0]?.[at[k] ?? 0] ?? 0
      const pivot = rows[k]?.[k] ?? 0
      if (pivot <= 1e-9 * scale) return null
      for (let i = 0; i < rows.length; i += 1) {
        if (i === k) continue
        const by = (rows[i]?.[k] ?? 0) / pivot
        rows[i] = (rows[i] ?? []).map((value, j) => value - by * (rows[k]?.[j] ?? 0))
      }
    }
    const factors = Array.from({ length: this.#size }, () => 0)
    at.forEach((i, k) => {
      const row = rows[k] ?? []
      factors[i] = (row.at(-1) ?? 0) / (row[k] ?? 1)
    })
    return factors
  }
}
