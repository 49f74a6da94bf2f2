import type uPlot from 'uplot'
import { colourOf } from './colours.js'

export interface PlotLine {
  readonly name: string
  /** A custom property of the page. */
  readonly colour: string
}

export interface PlotOptions {
  readonly lines: readonly PlotLine[]
  readonly spell: (value: number) => string
  /** The axis goes to this at least. */
  readonly atLeast: number
}

const HEIGHT = 130

/** Figures that are shown at least. */
const LEAST = 60

/** One plot in the page's colours, as wide as its frame. */
export class PlotCanvas implements Disposable {
  readonly #plot: uPlot
  readonly #sizes: ResizeObserver

  constructor(make: typeof uPlot, frame: HTMLElement, { lines, spell, atLeast }: PlotOptions) {
    const axis = {
      stroke: colourOf(frame, '--text-muted'),
      grid: { stroke: colourOf(frame, '--line'), width: 1 },
      ticks: { show: false },
      font: `11px ${getComputedStyle(frame).fontFamily}`,
    }
    const options: uPlot.Options = {
      width: Math.max(1, frame.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: true, range: (_, from, to) => [from, to] },
        y: { range: (_, __, most) => [0, Math.max(atLeast, most ?? 0) * 1.05] },
      },
      axes: [
        { ...axis, space: 70, size: 24, values: (_, marks) => marks.map(clock) },
        { ...axis, space: 34, size: 58, values: (_, marks) => marks.map(spell) },
      ],
      series: [
        {},
        ...lines.map(({ name, colour }) => ({
          label: name,
          stroke: colourOf(frame, colour),
          width: 1.5,
          points: { show: false },
        })),
      ],
    }
    this.#plot = new make(options, [[], ...lines.map(() => [])], frame)
    this.#sizes = new ResizeObserver(() =>
      this.#plot.setSize({ width: Math.max(1, frame.clientWidth), height: HEIGHT }),
    )
    this.#sizes.observe(frame)
  }

  /** @param at seconds since 1970; null in a column is a gap. */
  show(at: readonly number[], columns: readonly (readonly (number | null)[])[]): void {
    // From where there is something to see on; a few minutes at least.
    const known = at.findIndex((_, index) => columns.some((column) => column[index] !== null))
    const first = Math.max(0, Math.min(known === -1 ? at.length : known, at.length - LEAST))
    this.#plot.setData([at.slice(first), ...columns.map((column) => column.slice(first))])
  }

  [Symbol.dispose](): void {
    this.#sizes.disconnect()
    this.#plot.destroy()
  }
}

function clock(seconds: number): string {
  const date = new Date(seconds * 1_000)
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
}
