import { cut } from './table.js'
import { fileSize, span } from './words.js'

/** How far something is, in bytes where it has any. */
export interface Step {
  readonly label: string
  readonly completed?: number | undefined
  readonly total?: number | undefined
}

interface Row extends Step {
  readonly beganAt: number
  /** What was there already when it began: it tells nothing of the speed. */
  readonly before: number
}

/** Between two drawings, in milliseconds. */
const DRAW_MS = 80
const BAR = 24
/** Parts of a download of which a log is told. */
const TELL_EVERY = 0.25

/** Lines that are drawn over on a terminal; elsewhere a line for each step, and one for each quarter of a download. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #now: () => number
  readonly #rows = new Map<string, Row>()
  readonly #told = new Map<string, number>()
  #drawn = 0
  #drawnAt = Number.NEGATIVE_INFINITY

  constructor(stream: NodeJS.WriteStream, now: () => number = () => performance.now()) {
    this.#stream = stream
    this.#now = now
  }

  /** @param key what it is about: one row each. */
  show(key: string, step: Step): void {
    const row = this.#rows.get(key)
    const { beganAt = this.#now(), before = step.completed ?? 0 } = row ?? {}
    this.#rows.set(key, { ...step, beganAt, before })
    if (!this.#stream.isTTY) return this.#tell(key, step)
    const isNews = row === undefined || step.completed === step.total
    if (isNews || this.#now() - this.#drawnAt >= DRAW_MS) this.#draw()
  }

  /** Leaves the rows as they are now. */
  end(): void {
    if (this.#stream.isTTY && this.#rows.size > 0) this.#draw()
    this.#rows.clear()
    this.#drawn = 0
  }

  #tell(key: string, { label, completed = 0, total = 0 }: Step): void {
    const part = total === 0 ? 0 : Math.floor(completed / total / TELL_EVERY) * TELL_EVERY
    if ((this.#told.get(key) ?? -1) >= part) return
    this.#told.set(key, part)
    const far = total === 0 ? '' : `: ${Math.floor((completed / total) * 100)}% of ${fileSize(total)}`
    this.#stream.write(`${label}${far}\n`)
  }

  #draw(): void {
    const width = this.#stream.columns || 80
    const up = this.#drawn === 0 ? '' : `\u001B[${this.#drawn}A`
    const lines = [...this.#rows.values()].map((row) => `\r${cut(this.#lineOf(row), width - 1)}\u001B[K\n`)
    this.#stream.write(up + lines.join(''))
    this.#drawn = lines.length
    this.#drawnAt = this.#now()
  }

  #lineOf({ label, completed = 0, total = 0, beganAt, before }: Row): string {
    if (total === 0) return label
    const part = Math.min(1, completed / total)
    const full = Math.round(part * BAR)
    const percent = `${Math.floor(part * 100)}`.padStart(3)
    const bar = `${label}  ${percent}% ▕${'█'.repeat(full)}${' '.repeat(BAR - full)}▏ `
    const perMs = (completed - before) / Math.max(1, this.#now() - beganAt)
    if (completed >= total || perMs <= 0) return `${bar}${fileSize(total)}`
    return `${bar}${fileSize(completed)} of ${fileSize(total)}  ${fileSize(perMs * 1_000)}/s  ${span((total - completed) / perMs)}`
  }
}
