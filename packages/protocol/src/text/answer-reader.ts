import type { AnswerFormat } from './answer-format.js'
import { tailThatBegins } from './hold-back.js'
import { ToolReader, type ToolPart } from './tool-reader.js'

/** A part of an answer. */
export type AnswerPart = { readonly type: 'thinking'; readonly text: string } | ToolPart

/**
 * Tells thinking and tool calls from text, in an answer that arrives in parts of any size. Text that may yet
 * become a marker is held back until it is known. What does not turn out as the format says is given as text:
 * nothing of an answer is lost.
 */
export class AnswerReader {
  readonly #format: AnswerFormat
  readonly #tools: ToolReader
  #held = ''
  /** Before the first thing that counts, in thinking, or after it. */
  #place: 'start' | 'thinking' | 'rest'
  /** Whether white space that comes now belongs to a border and not to a text. */
  #atBorder = true

  /** @param toolNames of the job's tools: in a syntax without markers, only a call of one of these is a call. */
  constructor(format: AnswerFormat, toolNames: readonly string[]) {
    this.#format = format
    this.#tools = new ToolReader(format.tools, toolNames)
    this.#place = format.thinking === null ? 'rest' : format.thinking.begun ? 'thinking' : 'start'
    if (this.#place === 'rest') this.#atBorder = false
  }

  push(text: string): readonly AnswerPart[] {
    this.#held += text
    const parts: AnswerPart[] = []
    while (this.#step(parts));
    return parts
  }

  /** The rest, once the answer has ended. */
  flush(): readonly AnswerPart[] {
    const rest = this.#held
    this.#held = ''
    const parts: AnswerPart[] = []
    if (this.#place === 'thinking') {
      if (rest !== '') parts.push({ type: 'thinking', text: rest })
    } else {
      parts.push(...this.#tools.push(rest))
    }
    parts.push(...this.#tools.flush())
    return parts
  }

  /** Takes what can be told of the held text; says whether there may be more to tell. */
  #step(parts: AnswerPart[]): boolean {
    const { thinking } = this.#format
    if (this.#atBorder) {
      this.#held = this.#held.trimStart()
      if (this.#held === '') return false
    }
    if (this.#place === 'start' && thinking !== null) {
      if (this.#held.startsWith(thinking.open)) {
        this.#held = this.#held.slice(thinking.open.length)
        this.#place = 'thinking'
        return true
      }
      if (thinking.open.startsWith(this.#held)) return false
      // An answer that does not begin with it does not think; a tag in the middle is what it talks about.
      this.#place = 'rest'
      this.#atBorder = false
      return true
    }
    if (this.#place === 'thinking' && thinking !== null) return this.#think(thinking.close, parts)
    parts.push(...this.#tools.push(this.#held))
    this.#atBorder = false
    this.#held = ''
    return false
  }

  #think(close: string, parts: AnswerPart[]): boolean {
    const at = this.#held.indexOf(close)
    if (at >= 0) {
      const text = this.#held.slice(0, at).trimEnd()
      if (text !== '') parts.push({ type: 'thinking', text })
      this.#held = this.#held.slice(at + close.length)
      this.#place = 'rest'
      this.#atBorder = true
      return true
    }
    // White space before the end of thinking is no part of it either.
    const keep = tailThatBegins(this.#held, [close])
    const spaces = this.#held.length - keep - this.#held.slice(0, this.#held.length - keep).trimEnd().length
    const text = this.#held.slice(0, this.#held.length - keep - spaces)
    if (text === '') return false
    parts.push({ type: 'thinking', text })
    this.#held = this.#held.slice(text.length)
    this.#atBorder = false
    return false
  }
}
