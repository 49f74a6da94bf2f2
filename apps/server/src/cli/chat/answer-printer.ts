import type { Output } from '../output/output.js'
import { nanoseconds } from '../output/words.js'
import type { AnswerMetrics, AnswerPart } from './conversation.js'
import { WordWrap } from './word-wrap.js'

/** Shows an answer as it comes: thinking paler, words whole on lines of the terminal's width. */
export class AnswerPrinter {
  readonly #out: Output
  readonly #hideThinking: boolean
  readonly #wrap: WordWrap | undefined
  #doing: 'nothing' | 'thinking' | 'saying' = 'nothing'
  #lastChar = '\n'

  constructor(
    out: Output,
    { hideThinking, wordWrap }: { readonly hideThinking: boolean; readonly wordWrap: boolean },
  ) {
    this.#out = out
    this.#hideThinking = hideThinking
    this.#wrap = wordWrap && out.width !== undefined ? new WordWrap(() => out.width ?? 80) : undefined
  }

  readonly part = ({ thinking, text }: AnswerPart): void => {
    if (thinking !== undefined && !this.#hideThinking) {
      if (this.#doing !== 'thinking') this.#plain(this.#out.dim('Thinking...\n'))
      this.#doing = 'thinking'
      this.#words(thinking)
    }
    if (text !== undefined) {
      this.#endThinking()
      this.#doing = 'saying'
      this.#words(text)
    }
  }

  /** The answer is over, or was stopped: what follows begins on a line of its own. */
  end(): void {
    this.#endThinking()
    this.#plain(this.#wrap?.rest() ?? '')
    if (this.#lastChar !== '\n') this.#plain('\n')
    if (this.#out.isTerminal) this.#plain('\n')
  }

  #endThinking(): void {
    if (this.#doing !== 'thinking') return
    this.#doing = 'nothing'
    const rest = this.#wrap?.rest() ?? ''
    this.#plain(
      this.#out.dim(`${rest}${this.#lastChar === '\n' && rest === '' ? '' : '\n'}...done thinking.\n\n`),
    )
  }

  #words(text: string): void {
    const shown = this.#wrap?.take(text) ?? text
    if (shown === '') return
    this.#out.write(this.#doing === 'thinking' ? this.#out.dim(shown) : shown)
    this.#lastChar = shown.at(-1) ?? this.#lastChar
  }

  #plain(text: string): void {
    if (text === '') return
    this.#out.write(text)
    this.#lastChar = text.at(-1) ?? this.#lastChar
  }
}

/** What `--verbose` adds: times, counts and tokens a second. */
export function metricLines(metrics: AnswerMetrics): readonly string[] {
  const { prompt_eval_count: prompt, prompt_eval_duration: promptNs } = metrics
  const { eval_count: decoded, eval_duration: decodeNs } = metrics
  return [
    duration('total duration', metrics.total_duration),
    duration('load duration', metrics.load_duration),
    count('prompt eval count', prompt),
    duration('prompt eval duration', promptNs),
    rate('prompt eval rate', prompt, promptNs),
    count('eval count', decoded),
    duration('eval duration', decodeNs),
    rate('eval rate', decoded, decodeNs),
  ].flat()
}

const row = (name: string, value: string): string[] => [`${`${name}:`.padEnd(22)}${value}`]

const duration = (name: string, ns: number | undefined): string[] =>
  ns === undefined ? [] : row(name, nanoseconds(ns))

const count = (name: string, tokens: number | undefined): string[] =>
  tokens === undefined ? [] : row(name, `${tokens} token(s)`)

const rate = (name: string, tokens: number | undefined, ns: number | undefined): string[] =>
  tokens === undefined || !ns ? [] : row(name, `${(tokens / (ns / 1e9)).toFixed(2)} tokens/s`)
