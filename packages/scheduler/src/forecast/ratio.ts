/** What one more measurement leaves of the weight of those before it: the last ten or so count. */
const KEEPS = 0.9

/** So much of one thing for each of another (milliseconds a token, tokens a request), as measured lately: large measurements count for more. */
export class Ratio {
  #above = 0
  #below = 0

  /** Null before the first measurement. */
  get value(): number | null {
    return this.#below > 0 ? this.#above / this.#below : null
  }

  /** @param below what it is reckoned by; nothing is learned where it is 0. */
  add(above: number, below: number): void {
    if (!(below > 0) || !(above >= 0)) return
    this.#above = this.#above * KEEPS + above
    this.#below = this.#below * KEEPS + below
  }
}
