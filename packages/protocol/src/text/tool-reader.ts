import type { ToolSyntax } from './answer-format.js'
import { tailThatBegins } from './hold-back.js'
import { jsonEnd, parseJson } from './json-value.js'
import { callsOf, parseCalls, type WrittenCall } from './parse-tool-call.js'

export type ToolPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool-call'; readonly call: WrittenCall }

const MISTRAL = '[TOOL_CALLS]'
const ARGS = '[ARGS]'
/** What may come before a call in bare JSON: Llama's mark for code, and a fence. */
const JSON_MARKS = ['<|python_tag|>', '```json', '```']

/** Tells tool calls from text; see `AnswerReader`. */
export class ToolReader {
  readonly #syntax: ToolSyntax | null
  readonly #names: ReadonlySet<string>
  #held = ''
  /** Within markers (tagged), or after the mark (mistral). */
  #inCall = false
  /** Bare JSON: whether the answer may still be calls, which it is from its beginning or not at all. */
  #mayBeCalls = true
  /** Bare JSON: what was taken away before the text that is looked at, to be given back if it was no call. */
  #taken = ''
  #calls = 0

  constructor(syntax: ToolSyntax | null, names: readonly string[]) {
    this.#syntax = syntax
    this.#names = new Set(names)
  }

  push(text: string): readonly ToolPart[] {
    if (this.#syntax === null) return asText(text)
    this.#held += text
    switch (this.#syntax.kind) {
      case 'tagged':
        return this.#tagged(this.#syntax.open, this.#syntax.close)
      case 'mistral':
        return this.#mistral()
      case 'json':
        return this.#json()
    }
  }

  flush(): readonly ToolPart[] {
    const rest = this.#held
    const taken = this.#taken
    this.#held = ''
    this.#taken = ''
    if (this.#syntax?.kind === 'tagged' && this.#inCall) {
      // The answer ended with the call's end unsaid.
      const calls = parseCalls(rest)
      return calls === null ? asText(this.#syntax.open + rest) : asCalls(calls)
    }
    if (this.#syntax?.kind === 'mistral' && this.#inCall) return asText(MISTRAL + rest)
    // Behind calls, what closes a fence or parts one call from the next is no text.
    if (this.#syntax?.kind === 'json' && this.#calls > 0 && /^[\s;,`]*$/.test(taken + rest)) return []
    return asText(taken + rest)
  }

  #tagged(open: string, close: string): readonly ToolPart[] {
    const parts: ToolPart[] = []
    for (;;) {
      if (!this.#inCall) {
        const at = this.#held.indexOf(open)
        if (at < 0) {
          parts.push(...this.#release(tailThatBegins(this.#held, [open])))
          return parts
        }
        parts.push(...asText(this.#besideCalls(this.#held.slice(0, at))))
        this.#held = this.#held.slice(at + open.length)
        this.#inCall = true
      }
      const end = this.#held.indexOf(close)
      if (end < 0) return parts
      const body = this.#held.slice(0, end)
      this.#held = this.#held.slice(end + close.length)
      this.#inCall = false
      const calls = parseCalls(body)
      if (calls === null) parts.push(...asText(open + body + close))
      else parts.push(...this.#found(calls))
    }
  }

  #mistral(): readonly ToolPart[] {
    const parts: ToolPart[] = []
    for (;;) {
      if (!this.#inCall) {
        const at = this.#held.indexOf(MISTRAL)
        if (at < 0) {
          parts.push(...this.#release(tailThatBegins(this.#held, [MISTRAL])))
          return parts
        }
        parts.push(...asText(this.#besideCalls(this.#held.slice(0, at))))
        this.#held = this.#held.slice(at + MISTRAL.length)
        this.#inCall = true
      }
      const begin = this.#held.search(/[[{](?!(?:ARGS|CALL_ID)\])/)
      if (begin < 0) return parts
      const end = jsonEnd(this.#held.slice(begin))
      if (end === null) return parts
      const name = this.#held.slice(0, begin).split(ARGS)[0]?.split('[CALL_ID]')[0]?.trim() ?? ''
      const value = parseJson(this.#held.slice(begin, begin + end))
      const calls = name === '' ? callsOf(value) : callsOf({ name, arguments: value })
      if (calls === null) parts.push(...asText(MISTRAL + this.#held.slice(0, begin + end)))
      else parts.push(...this.#found(calls))
      this.#held = this.#held.slice(begin + end)
      this.#inCall = false
    }
  }

  #json(): readonly ToolPart[] {
    if (!this.#mayBeCalls) return this.#release(0)
    const parts: ToolPart[] = []
    for (;;) {
      this.#takeMarks()
      if (this.#held === '') return parts
      if (JSON_MARKS.some((mark) => mark.startsWith(this.#held))) return parts
      if (this.#held[0] === '{' || this.#held[0] === '[') {
        const end = jsonEnd(this.#held)
        if (end === null) return parts
        const calls = callsOf(parseJson(this.#held.slice(0, end)))
        if (calls !== null && calls.every(({ name }) => this.#names.has(name))) {
          parts.push(...this.#found(calls))
          this.#held = this.#held.slice(end)
          this.#taken = ''
          continue
        }
      }
      this.#mayBeCalls = false
      parts.push(...asText(this.#taken))
      this.#taken = ''
      return [...parts, ...this.#release(0)]
    }
  }

  /** Takes away what may stand before a call, or between two. */
  #takeMarks(): void {
    for (;;) {
      const space = /^[\s;]*/.exec(this.#held)?.[0] ?? ''
      const mark = JSON_MARKS.find((one) => this.#held.startsWith(one, space.length)) ?? ''
      // A fence may be longer than what is here of it.
      const may = mark === '```' && '```json'.startsWith(this.#held.slice(space.length))
      const length = space.length + (may ? 0 : mark.length)
      this.#taken += this.#held.slice(0, length)
      this.#held = this.#held.slice(length)
      if (mark === '' || may) return
    }
  }

  #found(calls: readonly WrittenCall[]): readonly ToolPart[] {
    this.#calls += calls.length
    return asCalls(calls)
  }

  /** Gives the held text, but for so much of its end. */
  #release(keep: number): readonly ToolPart[] {
    const text = this.#held.slice(0, this.#held.length - keep)
    this.#held = this.#held.slice(text.length)
    return asText(this.#besideCalls(text))
  }

  /** White space that parts calls from each other is no text. */
  #besideCalls(text: string): string {
    return this.#calls > 0 && text.trim() === '' ? '' : text
  }
}

function asText(text: string): readonly ToolPart[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

function asCalls(calls: readonly WrittenCall[]): readonly ToolPart[] {
  return calls.map((call) => ({ type: 'tool-call', call }))
}
