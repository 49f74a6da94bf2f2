/**
 * Breaks text that arrives in pieces between words. The last word is held back until it is known to be whole.
 */
export class WordWrap {
  readonly #width: () => number
  #column = 0
  #word = ''

  /** @param width columns of the terminal, which may change. */
  constructor(width: () => number) {
    this.#width = width
  }

  take(text: string): string {
    let shown = ''
    for (const part of text.split(/(\s)/)) {
      if (part === '') continue
      if (!/^\s$/.test(part)) {
        this.#word += part
        // A word as long as a line is shown as it comes: the terminal breaks it.
        if (this.#word.length >= this.#width()) shown += this.#flush()
        continue
      }
      shown += this.#flush()
      if (part === '\n') this.#column = 0
      else this.#column++
      shown += part
    }
    return shown
  }

  /** What was held back. */
  rest(): string {
    return this.#flush()
  }

  #flush(): string {
    const word = this.#word
    if (word === '') return ''
    this.#word = ''
    const breaks = this.#column > 0 && this.#column + word.length >= this.#width()
    this.#column = breaks ? word.length : this.#column + word.length
    return breaks ? `\n${word}` : word
  }
}
