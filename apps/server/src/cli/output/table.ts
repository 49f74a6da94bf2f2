const GAP = '    '
/** No column is cut below this; what is narrower stays whole. */
const NARROWEST = 8

/**
 * Rows as an aligned table, the first of them its head.
 * @param width columns of the terminal: what is wider is cut, the widest column first; undefined where nobody looks.
 */
export function table(rows: readonly (readonly string[])[], width?: number): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  if (width !== undefined) shrink(widths, width - GAP.length * (widths.length - 1))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cut(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function shrink(widths: number[], room: number): void {
  const sum = (): number => widths.reduce((total, each) => total + each, 0)
  while (sum() > room) {
    const widest = Math.max(...widths)
    if (widest <= NARROWEST) return
    // The last of the widest: what stands first in a row names it.
    widths[widths.lastIndexOf(widest)] = widest - 1
  }
}

/** A text that takes no more than so many columns. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
