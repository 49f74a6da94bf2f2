/** How far back the rate is taken from: long enough to be calm, short enough to follow a change. */
const WINDOW_MS = 10_000

/** Sooner than this nothing is said: the first figures are of a start that is not like the rest. */
const EARLIEST_MS = 1_000

interface Sample {
  readonly at: number
  readonly done: number
}

/** Tells how much longer something takes, by its rate over the last seconds. */
export class TimeLeft {
  #samples: Sample[] = []

  /**
   * Notes how much is done, of `of` in all, at a time of the clock.
   * @returns milliseconds left; null while that is too early to say, or nothing moves.
   */
  note(done: number, of: number, at: number): number | null {
    const last = this.#samples.at(-1)
    // Begun anew, as after a retry.
    if (last && done < last.done) this.#samples = []
    this.#samples.push({ at, done })
    const kept = this.#samples.findLastIndex((sample) => at - sample.at >= WINDOW_MS)
    if (kept > 0) this.#samples.splice(0, kept)
    const [first] = this.#samples
    if (!first || at - first.at < EARLIEST_MS || done <= first.done) return null
    return Math.max(0, ((of - done) * (at - first.at)) / (done - first.done))
  }
}
