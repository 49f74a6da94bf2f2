import { AnswerReader, type AnswerFormat, type AnswerPart } from '@berth/protocol'

/** An unfinished character comes out of the tokenizer as at most three of these, until its last byte is there. */
const UNFINISHED = /\uFFFD{1,3}$/

/**
 * Takes the text of a whole answer, again and again as it grows, and gives out what is new and certain: whole
 * characters, nothing that may yet become a stop text, thinking apart from text.
 */
export class AnswerText {
  readonly #stops: readonly string[]
  readonly #reader: AnswerReader
  #released = 0
  #stopped = false

  /** @param stop texts that end the answer and are not part of it. */
  constructor(stop: readonly string[], format: AnswerFormat) {
    this.#stops = stop.filter((text) => text !== '')
    this.#reader = new AnswerReader(format, [])
  }

  /** How much of the answer was given out: a stop text cannot begin before that. */
  get released(): number {
    return this.#released
  }

  /** Whether a stop text was found: nothing is given out any more. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Goes on where another left off, after `released` characters of that answer. */
  skip(answer: string, released: number): void {
    this.#reader.push(answer.slice(0, released))
    this.#released = released
  }

  /** @param answer all of it so far. */
  grow(answer: string): readonly AnswerPart[] {
    return this.#give(answer.replace(UNFINISHED, ''), false)
  }

  /** The rest: what was held back did not become a stop text. */
  end(answer: string): readonly AnswerPart[] {
    return [...this.#give(answer, true), ...this.#reader.flush()]
  }

  #give(answer: string, last: boolean): readonly AnswerPart[] {
    if (this.#stopped) return []
    const rest = answer.slice(this.#released)
    const found = earliestStop(rest, this.#stops)
    this.#stopped = found !== null
    const certain = found ?? (last ? rest.length : rest.length - stopTail(rest, this.#stops))
    if (certain <= 0) return []
    this.#released += certain
    return this.#reader.push(rest.slice(0, certain))
  }
}

/** Where the stop text begins that is complete first, of several that end there the longest; null where there is none. */
function earliestStop(text: string, stops: readonly string[]): number | null {
  const found = stops
    .map((stop) => ({ begin: text.indexOf(stop), stop }))
    .filter(({ begin }) => begin >= 0)
    .map(({ begin, stop }) => ({ begin, end: begin + stop.length }))
    .toSorted((a, b) => a.end - b.end || a.begin - b.begin)
  return found[0]?.begin ?? null
}

/** Length of the longest tail with which a stop text begins. */
function stopTail(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length -= 1) {
      if (stop.startsWith(text.slice(text.length - length))) longest = length
    }
  }
  return longest
}
