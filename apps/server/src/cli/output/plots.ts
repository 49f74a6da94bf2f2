/** Plots as SVG in text: no library, nothing that runs. */

export interface Curve {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Values under one label, one for each name. */
export interface BarGroup {
  readonly label: string
  readonly values: readonly number[]
}

const WIDTH = 900
const HEIGHT = 260
const EDGE = { left: 70, right: 10, top: 28, bottom: 28 } as const
const PLOT = { width: WIDTH - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom } as const
/** Told apart without colours' names too: these differ in lightness (Okabe and Ito's palette). */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8c8c8c'] as const

/** Groups of bars over a logarithmic axis, a colour a name. */
export function bars(title: string, names: readonly string[], groups: readonly BarGroup[]): string {
  const shown = groups.flatMap(({ values }) => values).filter((value) => value > 0)
  const low = Math.floor(Math.log10(Math.min(1, ...shown)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(1, ...shown))))
  const y = (value: number) =>
    EDGE.top + PLOT.height * (1 - (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low))
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  const group = PLOT.width / Math.max(1, groups.length)
  const bar = (group * 0.8) / Math.max(1, names.length)
  const drawn = groups.flatMap(({ label, values }, g) => {
    const from = EDGE.left + g * group + group * 0.1
    return [
      ...values.map((value, i) => {
        const top = y(value)
        const height = round(EDGE.top + PLOT.height - top)
        return `<rect x="${round(from + i * bar)}" y="${round(top)}" width="${round(bar * 0.9)}" height="${height}" fill="${color(i)}"><title>${escaped(`${names[i]}, ${label}: ${round(value)}`)}</title></rect>`
      }),
      text(from + group * 0.4, HEIGHT - 8, label, 'middle'),
    ]
  })
  return svg(title, [...ticks.flatMap((tick) => gridLine(y(tick), String(tick))), ...drawn, ...legend(names)])
}

/** Curves over one axis from 0. @param most the axis' end at least. */
export function lines(title: string, curves: readonly Curve[], most = 1): string {
  const all = curves.flatMap(({ points }) => points)
  const right = Math.max(1e-9, ...all.map(([x]) => x))
  const top = Math.max(most, ...all.map(([, value]) => value))
  const at = ([x, value]: readonly [number, number]) =>
    `${round(EDGE.left + (PLOT.width * x) / right)},${round(EDGE.top + PLOT.height * (1 - value / top))}`
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((part) =>
    gridLine(EDGE.top + PLOT.height * (1 - part), String(Number((top * part).toPrecision(3)))),
  )
  const drawn = curves.map(
    ({ points }, i) =>
      `<polyline points="${points.map(at).join(' ')}" fill="none" stroke="${color(i)}" stroke-width="1.5"/>`,
  )
  const ends = [
    text(EDGE.left, HEIGHT - 8, '0', 'middle'),
    text(WIDTH - EDGE.right, HEIGHT - 8, `${round(right)} min`, 'end'),
  ]
  return svg(title, [...grid, ...drawn, ...ends, ...legend(curves.map(({ name }) => name))])
}

function svg(title: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">\n${parts.join('\n')}\n</svg>`
}

function gridLine(y: number, label: string): readonly string[] {
  const at = round(y)
  return [
    `<line x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${at}" y2="${at}" stroke="#8884"/>`,
    text(EDGE.left - 6, y + 4, label, 'end'),
  ]
}

function legend(names: readonly string[]): readonly string[] {
  return names.flatMap((name, i) => {
    const x = EDGE.left + i * 150
    return [
      `<rect x="${x}" y="6" width="12" height="12" fill="${color(i)}"/>`,
      text(x + 18, 16, name, 'start'),
    ]
  })
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(words)}</text>`
}

function color(index: number): string {
  return COLORS[index % COLORS.length] ?? COLORS[0]
}

function round(value: number): number {
  return Number(value.toFixed(2))
}

export function escaped(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
