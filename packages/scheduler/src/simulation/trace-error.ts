/** A line of a trace that is not what it should be. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  /** From 1. */
  readonly line: number
  /** `shape.layers`; null where the line as a whole is wrong. */
  readonly field: string | null

  constructor(line: number, field: string | null, value: unknown, expected: string, options?: ErrorOptions) {
    const where = field === null ? '' : ` ${field}`
    super(`line ${line}:${where} is ${shown(value)}, expected ${expected}`, options)
    this.line = line
    this.field = field
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
