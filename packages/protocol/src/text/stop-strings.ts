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
  #found: string | null = null

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '')
  }

  /** What is held back at the moment. */
  get held(): string {
    return this.#held
  }

  /** The stop string that ended the text; null as long as none has. */
  get found(): string | null {
    return this.#found
  }

  push(text: string): Released {
    const all = this.#held + text
    const found = this.#earliest(all)
    if (found !== null) {
      this.#held = ''
      this.#found = found.stop
      return { emit: all.slice(0, found.at), stopped: true }
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

  /** The stop string that is complete first, and where it begins; of several that end there the longest. */
  #earliest(text: string): { readonly stop: string; readonly at: number } | null {
    let first: { readonly stop: string; readonly at: number } | null = null
    let end = Infinity
    for (const stop of this.#stops) {
      const at = text.indexOf(stop)
      if (at < 0) continue
      const stopEnd = at + stop.length
      if (stopEnd < end || (stopEnd === end && first !== null && at < first.at)) {
        first = { stop, at }
        end = stopEnd
      }
    }
    return first
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
