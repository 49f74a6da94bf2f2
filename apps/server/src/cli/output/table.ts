/** Blanks between columns; fewer where they would not fit. */
const GAPS = [4, 2] as const
/** No column is cut below this; what is narrower stays whole. */
const NARROWEST = 8

/**
 * Rows as an aligned table, the first of them its head.
 * @param width columns of the terminal: what is wider is cut, the widest column first, and what has no place even so
 *   is left out from the end on; undefined where nobody looks.
 */
export function table(rows: readonly (readonly string[])[], width?: number): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  const [wide, narrow] = GAPS
  const room = (gap: number): number => (width ?? Infinity) - gap * (widths.length - 1)
  const gap = sum(widths) <= room(wide) ? wide : narrow
  while (widths.length > 1 && sum(widths.map((each) => Math.min(each, NARROWEST))) > room(gap)) widths.pop()
  shrink(widths, room(gap))
  return rows
    .map((row) =>
      widths
        .map((each, column) => cut(row[column] ?? '', each).padEnd(each))
        .join(' '.repeat(gap))
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function shrink(widths: number[], room: number): void {
  while (sum(widths) > room) {
    const widest = Math.max(...widths)
    if (widest <= NARROWEST) return
    // The last of the widest: what stands first in a row names it.
    widths[widths.lastIndexOf(widest)] = widest - 1
  }
}

const sum = (widths: readonly number[]): number => widths.reduce((total, each) => total + each, 0)

/** A text that takes no more than so many columns. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
