import type { Surroundings } from '../surroundings.js'
import { table } from './table.js'

const DIM = ['\u001B[2m', '\u001B[22m'] as const

/** What a command says: its result to standard output, all else to standard error. */
export class Output {
  readonly #stdout: NodeJS.WriteStream
  readonly #stderr: NodeJS.WriteStream
  readonly #color: boolean

  constructor({ stdout, stderr, env }: Pick<Surroundings, 'stdout' | 'stderr' | 'env'>) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.#color = stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY
  }

  /** Columns of the terminal; undefined where nobody looks. */
  get width(): number | undefined {
    return this.#stdout.isTTY ? this.#stdout.columns || 80 : undefined
  }

  write(text: string): void {
    this.#stdout.write(text)
  }

  line(text = ''): void {
    this.#stdout.write(`${text}\n`)
  }

  json(value: unknown): void {
    this.#stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  }

  table(rows: readonly (readonly string[])[]): void {
    this.#stdout.write(table(rows, this.width))
  }

  /** For people, beside the result. */
  note(text: string): void {
    this.#stderr.write(`${text}\n`)
  }

  /** Paler than the rest, where the terminal can. */
  dim(text: string): string {
    return this.#color ? `${DIM[0]}${text}${DIM[1]}` : text
  }
}
