/** A panel of a chart: a mark, or several, for each row. */
export interface Panel {
  readonly title: string
  readonly scale: 'linear' | 'log'
  /** For the axis: the value in words. */
  say(value: number): string
  /** By row, from the least to the most; none where there is nothing to show. */
  readonly values: readonly (readonly number[])[]
}

const ROW = 26
const HEAD = 78
const FOOT = 34
const LABELS = 150
const PANEL = 260
const GAP = 34
const INK = '#1f2933'
const PALE = '#9aa5b1'
const MARKS = ['#1d4ed8', '#0891b2', '#d97706'] as const

/**
 * Rows beside each other in panels, as SVG: a bar where a panel has one value a row, dots on a line where it has
 * several. It has a ground of its own, for pages may be dark.
 */
export function chart(
  title: string,
  rows: readonly string[],
  panels: readonly Panel[],
  legend: string,
): string {
  const width = LABELS + panels.length * (PANEL + GAP)
  const height = HEAD + rows.length * ROW + FOOT
  const y = (row: number): number => HEAD + row * ROW + ROW / 2
  const labels = rows.map((row, i) => text(LABELS - 14, y(i) + 4, row, 'end'))
  const lines = rows.map(
    (_, i) => `<line x1="${LABELS}" x2="${width - GAP}" y1="${y(i)}" y2="${y(i)}" stroke="#e4e7eb"/>`,
  )
  const drawn = panels.map((panel, i) => drawPanel(panel, LABELS + i * (PANEL + GAP), y, height))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>`,
    `<text x="16" y="24" font-size="14" font-weight="600">${escape(title)}</text>`,
    text(width - GAP, height - 10, legend, 'end', PALE),
    ...lines,
    ...labels,
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}

function drawPanel(panel: Panel, left: number, y: (row: number) => number, height: number): string {
  const all = panel.values.flat()
  const most = Math.max(...all, Number.MIN_VALUE)
  const least = panel.scale === 'log' ? Math.max(Math.min(...all), most / 1e6) : 0
  const x = scaleOf(panel.scale, least, most, left)
  const ticks = panel.scale === 'log' ? decades(least, most) : [0, most / 2, most]
  const axis = ticks.map(
    (tick) =>
      `<line x1="${at(x(tick))}" x2="${at(x(tick))}" y1="${HEAD - 4}" y2="${height - FOOT}" stroke="#e4e7eb" stroke-dasharray="2 3"/>` +
      text(x(tick), HEAD - 8, panel.say(tick), 'middle', PALE),
  )
  const marks = panel.values.map((values, row) => {
    const [first] = values
    if (first === undefined) return ''
    if (values.length === 1) {
      const end = x(first)
      return (
        `<rect x="${left}" y="${y(row) - 6}" width="${at(Math.max(1, end - left))}" height="12" rx="2" fill="${MARKS[0]}" fill-opacity="0.75"/>` +
        text(end + 5, y(row) + 4, panel.say(first), 'start')
      )
    }
    const last = values.at(-1) ?? first
    const range = `<line x1="${at(x(first))}" x2="${at(x(last))}" y1="${y(row)}" y2="${y(row)}" stroke="${PALE}" stroke-width="2"/>`
    const dots = values.map(
      (value, i) => `<circle cx="${at(x(value))}" cy="${y(row)}" r="5" fill="${MARKS[i % MARKS.length]}"/>`,
    )
    return range + dots.join('')
  })
  return [text(left, HEAD - 26, panel.title, 'start'), ...axis, ...marks].join('\n')
}

function scaleOf(
  scale: Panel['scale'],
  least: number,
  most: number,
  left: number,
): (value: number) => number {
  const [low, high] = scale === 'log' ? [Math.log(least), Math.log(most)] : [least, most]
  // Room for a number behind the longest bar.
  const room = PANEL - (scale === 'log' ? 8 : 56)
  const span = high - low || 1
  return (value) =>
    left + room * (((scale === 'log' ? Math.log(Math.max(value, least)) : value) - low) / span)
}

/** Powers of ten within a range, or its ends where there are none. */
function decades(least: number, most: number): readonly number[] {
  const found: number[] = []
  for (let power = Math.ceil(Math.log10(least)); power <= Math.floor(Math.log10(most)); power += 1) {
    found.push(10 ** power)
  }
  return found.length > 1 ? found : [least, most]
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end', fill = INK): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" fill="${fill}">${escape(words)}</text>`
}

const at = (value: number): string => String(Math.round(value * 10) / 10)

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
