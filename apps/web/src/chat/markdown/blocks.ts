import { Lexer, Marked } from 'marked'
import type { MarkedOptions, Token, Tokens } from 'marked'
import { FORMULAS } from './maths.js'

/** One block of Markdown: a paragraph, a list, a table, a fence … An unchanged block is the same object from push to push. */
export interface MarkdownBlock {
  /** Its place in the text; a block keeps it while the text grows. */
  readonly key: number
  readonly raw: string
  readonly token: Token
  /** No text that may still come changes it. */
  readonly done: boolean
  /** The level of the last heading up to here and in it, so that headings never skip one. */
  readonly heading: number
}

export const MARKDOWN_OPTIONS: MarkedOptions = new Marked({
  gfm: true,
  breaks: true,
  async: false,
  extensions: FORMULAS,
}).defaults

/** Headings of an answer stand below the page's own two levels. */
export const TOP_HEADING = 2

/**
 * Splits a growing text into blocks. Only what may still change is read again: all but the last two blocks are
 * done, since a list or quotation may go on after an empty line, and what follows it may turn out to be its own.
 */
export class BlockSplitter {
  #text = ''
  #ended = false
  #done: MarkdownBlock[] = []
  #doneLength = 0
  #tail: readonly MarkdownBlock[] = []
  #links: Lexer['tokens']['links'] = {}

  /** @param ended no more text comes: everything is done. */
  push(text: string, ended: boolean): readonly MarkdownBlock[] {
    // An end that was none, as when an answer is gone on with, took blocks for done that now go on.
    if (!text.startsWith(this.#text) || (this.#ended && !(ended && text === this.#text))) {
      this.#done = []
      this.#doneLength = 0
      this.#tail = []
    }
    this.#text = text
    this.#ended = ended
    const tokens = this.#lex(text.slice(this.#doneLength))
    const open = ended ? tokens.length : firstOpen(tokens)
    const known = this.#tail
    const tail: MarkdownBlock[] = []
    for (const [index, token] of tokens.entries()) {
      const done = index < open
      if (done) this.#doneLength += token.raw.length
      if (token.type === 'space' || token.type === 'def') continue
      const before = (tail.at(-1) ?? this.#done.at(-1))?.heading ?? TOP_HEADING
      const key = this.#done.length + (done ? 0 : tail.length)
      const old = known.find((one) => one.key === key)
      const block =
        old !== undefined && old.raw === token.raw && old.done === done
          ? old
          : { key, raw: token.raw, token, done, heading: headingAfter(token, before) }
      if (done) this.#done.push(block)
      else tail.push(block)
    }
    this.#tail = tail
    return [...this.#done, ...tail]
  }

  #lex(text: string): Token[] {
    const lexer = new Lexer(MARKDOWN_OPTIONS)
    // Addresses given earlier (`[name]: address`) hold for what comes.
    Object.assign(lexer.tokens.links, this.#links)
    try {
      const tokens = lexer.lex(text)
      this.#links = lexer.tokens.links
      return tokens
    } catch {
      // Nested thousands deep, it overflows the stack: then it is shown as it stands.
      return [
        { type: 'paragraph', raw: text, text, tokens: [{ type: 'text', raw: text, text, escaped: false }] },
      ]
    }
  }
}

/** The index of the first block that may still change. */
function firstOpen(tokens: readonly Token[]): number {
  let solid = 0
  for (let index = tokens.length - 1; index >= 0; index -= 1) {
    if (tokens[index]?.type === 'space') continue
    solid += 1
    if (solid === 2) return index
  }
  return 0
}

function isHeading(token: Token): token is Tokens.Heading {
  return token.type === 'heading'
}

function headingAfter(token: Token, before: number): number {
  if (!isHeading(token)) return before
  return Math.min(token.depth + TOP_HEADING, before + 1, 6)
}
