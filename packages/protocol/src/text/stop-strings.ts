/** What may be said of the text so far: `emit` now; `stopped` when a stop string was found, which is not part of it. */
export interface Released {
  readonly emit: string
  readonly stopped: boolean
}

/**
 * Finds stop strings in text that arrives in parts. Text that may yet become a stop string is held back
 * until it is known; a stop string is found at its earliest end, whatever the parts' borders.
 */
export class StopStrings {
  readonly #stops: readonly string[]
  #held = ''

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '')
  }

  /** What is held back at the moment. */
  get held(): string {
    return this.#held
  }

  push(text: string): Released {
    const all = this.#held + text
    const found = this.#earliest(all)
    if (found !== null) {
      this.#held = ''
      return { emit: all.slice(0, found), stopped: true }
    }
    const keep = this.#mayBecomeStop(all)
    this.#held = all.slice(all.length - keep)
    return { emit: all.slice(0, all.length - keep), stopped: false }
  }

  /** At the end of the answer: what was held back did not become a stop string. */
  flush(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  /** Where the stop string begins that is complete first; of several that end there the longest. */
  #earliest(text: string): number | null {
    let begin: number | null = null
    let end = Infinity
    for (const stop of this.#stops) {
      const at = text.indexOf(stop)
      if (at < 0) continue
      const stopEnd = at + stop.length
      if (stopEnd < end || (stopEnd === end && begin !== null && at < begin)) {
        begin = at
        end = stopEnd
      }
    }
    return begin
  }

  /** Length of the longest tail that a stop string begins with. */
  #mayBecomeStop(text: string): number {
    let longest = 0
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (stop.startsWith(text.slice(text.length - length))) {
          longest = length
          break
        }
      }
    }
    return longest
  }
}
