import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import type { Surroundings } from '../surroundings.js'

/** What the user did at a prompt: a line, Ctrl-C, or Ctrl-D. */
export type Typed =
  { readonly kind: 'line'; readonly text: string } | { readonly kind: 'interrupt' } | { readonly kind: 'end' }

/** Lines that are remembered. */
const MOST_HISTORY = 1_000

export interface LineReaderOptions extends Pick<Surroundings, 'stdin' | 'stdout'> {
  /** Earlier lines, the last one first. */
  readonly history: readonly string[]
  /** What Tab may complete a line to. */
  readonly complete: (line: string) => readonly string[]
  /** Whether a line is to be remembered. */
  readonly remembers: () => boolean
  readonly onHistory: (history: readonly string[]) => void
}

/** Reads lines of a terminal with editing and history. What is typed while nobody asks is kept for the next time. */
export class LineReader {
  readonly #rl: Interface
  readonly #screen: Screen
  readonly #early: Typed[] = []
  #waiting: ((typed: Typed) => void) | undefined
  #ended = false
  /** Called at Ctrl-C while nobody waits for a line. */
  onInterrupt: () => void = () => undefined

  constructor({ stdin, stdout, history, complete, remembers, onHistory }: LineReaderOptions) {
    this.#screen = new Screen(stdout)
    this.#rl = createInterface({
      input: stdin,
      output: this.#screen,
      terminal: true,
      history: [...history],
      historySize: MOST_HISTORY,
      removeHistoryDuplicates: true,
      completer: (line: string) => [[...complete(line)], line],
    })
    this.#rl.on('history', (lines: string[]) => {
      if (remembers()) onHistory(lines)
      else lines.shift()
    })
    this.#rl.on('line', (text) => this.#typed({ kind: 'line', text }))
    this.#rl.on('SIGINT', () => this.#interrupt())
    this.#rl.on('close', () => {
      this.#ended = true
      this.#typed({ kind: 'end' })
    })
  }

  async next(prompt: string): Promise<Typed> {
    this.#rl.setPrompt(prompt)
    const early = this.#early.shift()
    if (early !== undefined) {
      if (early.kind === 'line') this.#screen.show(`${prompt}${early.text}\n`)
      return early
    }
    if (this.#ended) return { kind: 'end' }
    this.#screen.muted = false
    this.#rl.prompt(true)
    return await new Promise((resolve) => (this.#waiting = resolve))
  }

  close(): void {
    this.#rl.close()
  }

  #typed(typed: Typed): void {
    const waiting = this.#waiting
    if (waiting === undefined) {
      this.#early.push(typed)
      return
    }
    this.#waiting = undefined
    this.#screen.muted = true
    waiting(typed)
  }

  #interrupt(): void {
    // What was typed so far is given up.
    this.#rl.write(null, { ctrl: true, name: 'e' })
    this.#rl.write(null, { ctrl: true, name: 'u' })
    if (this.#waiting === undefined) return this.onInterrupt()
    this.#screen.show('\n')
    this.#typed({ kind: 'interrupt' })
  }
}

/** The terminal as the editor of lines sees it. It is muted while an answer is written, which typing must not tear. */
class Screen extends Writable {
  readonly #stdout: NodeJS.WriteStream
  readonly isTTY = true
  muted = true

  constructor(stdout: NodeJS.WriteStream) {
    super({ decodeStrings: false })
    this.#stdout = stdout
    stdout.on('resize', () => this.emit('resize'))
  }

  get columns(): number {
    return this.#stdout.columns || 80
  }

  show(text: string): void {
    this.#stdout.write(text)
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.muted) this.#stdout.write(chunk)
    done()
  }
}
