/** Turns tokens into text; `before` are the tokens that precede them, which decide about spaces. */
export type Detokenize = (tokens: readonly number[], before: readonly number[]) => string

/** What the engine's text has in place of bytes that are not, or not yet, a character. */
const REPLACEMENT = '\uFFFD'
/** A UTF-8 character has four bytes at most, so at most four tokens; what stays undecided longer is none. */
const MOST_PENDING = 8
/** How many tokens before the new ones the engine looks at. */
const LOOK_BACK = 4

/**
 * Tokens in, text out, as early as possible and never a part of a UTF-8 character: a token that ends in the
 * middle of one waits for the rest.
 */
export class TokenTextDecoder {
  readonly #detokenize: Detokenize
  #before: number[]
  #pending: number[] = []
  /** Characters of the pending tokens' text that are out already. */
  #emitted = 0

  /** @param before the tokens that the text goes on from; empty at the beginning of an answer. */
  constructor(detokenize: Detokenize, before: readonly number[] = []) {
    this.#detokenize = detokenize
    this.#before = before.slice(-LOOK_BACK)
  }

  push(token: number): string {
    this.#pending.push(token)
    const text = this.#detokenize(this.#pending, this.#before)
    const undecided = text.endsWith(REPLACEMENT) && this.#pending.length < MOST_PENDING
    const end = undecided ? text.length - 1 : text.length
    const out = text.slice(this.#emitted, end)
    if (undecided) {
      this.#emitted = Math.max(this.#emitted, end)
    } else {
      this.#before = [...this.#before, ...this.#pending].slice(-LOOK_BACK)
      this.#pending = []
      this.#emitted = 0
    }
    return out
  }
}
