/** How many of a model's last requests are remembered. */
const REMEMBERED = 32
/** Fewer gaps than these teach nothing. */
const FEWEST = 3

/** When a model was last asked for, and by whom. Times are clock milliseconds. */
export class Arrivals {
  readonly #at: number[] = []
  readonly #by: string[] = []

  add(at: number, client: string): void {
    if (this.#at.length === REMEMBERED) {
      this.#at.shift()
      this.#by.shift()
    }
    this.#at.push(at)
    this.#by.push(client)
  }

  /** Milliseconds from each remembered request to the next one. @param except leaves this client's requests out. */
  gaps(except?: string): readonly number[] {
    const gaps: number[] = []
    let before: number | null = null
    for (const [i, at] of this.#at.entries()) {
      if (except !== undefined && this.#by[i] === except) continue
      if (before !== null) gaps.push(at - before)
      before = at
    }
    return gaps
  }

  /** The last request's time; null where there is none. */
  last(except?: string): number | null {
    for (let i = this.#at.length - 1; i >= 0; i -= 1) {
      if (except === undefined || this.#by[i] !== except) return this.#at[i] ?? null
    }
    return null
  }

  /** Requests a millisecond since the first that is remembered; it falls while none comes. */
  rate(now: number): number {
    const [first] = this.#at
    return first === undefined ? 0 : this.#at.length / Math.max(1, now - first)
  }

  /**
   * Milliseconds until the next request, by the remembered gaps that are longer than the time since the last
   * one: their median. Null where too little is known, or where it has been quiet for longer than ever.
   */
  nextInMs(now: number, except?: string): number | null {
    const longer = this.#longer(now, except)
    if (longer === null) return null
    const { gaps, quiet } = longer
    const median = gaps.toSorted((a, b) => a - b)[gaps.length >> 1]
    return median === undefined ? null : median - quiet
  }

  /** How likely a request comes within so many milliseconds, from 0 to 1: the share of such gaps that end by then. 0 where too little is known. */
  likelihood(withinMs: number, now: number, except?: string): number {
    const longer = this.#longer(now, except)
    if (longer === null || longer.gaps.length === 0) return 0
    const { gaps, quiet } = longer
    return gaps.filter((gap) => gap <= quiet + withinMs).length / gaps.length
  }

  #longer(now: number, except?: string): { gaps: readonly number[]; quiet: number } | null {
    const gaps = this.gaps(except)
    const last = this.last(except)
    if (last === null || gaps.length < FEWEST) return null
    const quiet = now - last
    return { gaps: gaps.filter((gap) => gap >= quiet), quiet }
  }
}
