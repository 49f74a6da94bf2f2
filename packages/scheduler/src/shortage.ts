import type { ModelId } from './backend.js'
import type { Clock } from './clock.js'
import type { Line } from './line.js'
import { byOrder, type RequestRecord } from './request-record.js'

/** The lines whose heads wait for memory or cores: for whom what comes free is kept, and when each is looked at again. */
export class Shortage implements Iterable<Line> {
  readonly #clock: Clock
  readonly #again: (line: Line) => void
  readonly #lines = new Set<Line>()

  /** @param again called when it is time to decide about a line anew. */
  constructor(clock: Clock, again: (line: Line) => void) {
    this.#clock = clock
    this.#again = again
  }

  /** @param keepsRoom until it is served, no younger request may take what comes free. @param at the next moment (clock milliseconds) at which time alone may change the decision; Infinity for none. */
  enter(line: Line, { keepsRoom, at }: { readonly keepsRoom: boolean; readonly at: number }): void {
    this.#lines.add(line)
    line.keepsRoom = keepsRoom
    line.timer = at === Infinity ? null : this.#clock.at(at, () => this.#again(line))
  }

  /** To be called before a line is decided about. Returns whether room was kept for it. */
  leave(line: Line): boolean {
    const kept = line.keepsRoom
    this.#lines.delete(line)
    line.keepsRoom = false
    line.timer?.[Symbol.dispose]()
    line.timer = null
    return kept
  }

  /** The model of an older request that what comes free is kept for; null where there is none. */
  roomIsKeptFor(line: Line, head: RequestRecord): ModelId | null {
    for (const other of this.#lines) {
      const first = other.waiting.first
      if (other !== line && other.keepsRoom && first !== undefined && byOrder(first, head) < 0)
        return other.model
    }
    return null
  }

  [Symbol.iterator](): Iterator<Line> {
    return this.#lines[Symbol.iterator]()
  }
}
