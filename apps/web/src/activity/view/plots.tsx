import { formatBytes } from '@berth/budget'
import { useEffect, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import { toastError } from '../../shell/index.js'
import { BUCKET_MS, type History, type Series } from '../model/history.js'
import { useThemeChanges } from './colours.js'
import { PlotCanvas, type PlotLine } from './plot-canvas.js'
import { useEvery } from './use-shown.js'

interface PlotKind {
  readonly title: string
  readonly lines: readonly (PlotLine & { readonly of: Exclude<keyof Series, 'at'> })[]
  readonly spell: (value: number) => string
  /** The axis goes to this at least. */
  readonly atLeast: number
}

const whole = (value: number): string =>
  value >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1)

const PLOTS: readonly PlotKind[] = [
  {
    title: 'Tokens a second',
    lines: [
      { of: 'decoded', name: 'answers', colour: '--activity-decode' },
      { of: 'prompt', name: 'prompts', colour: '--activity-prefill' },
    ],
    spell: whole,
    atLeast: 1,
  },
  {
    title: 'Hit rate',
    lines: [{ of: 'hitRate', name: 'found their model loaded', colour: '--accent' }],
    spell: (value) => `${value.toFixed(0)} %`,
    atLeast: 100,
  },
  {
    title: 'Swaps a minute',
    lines: [
      { of: 'loads', name: 'loads', colour: '--activity-loading' },
      { of: 'evictions', name: 'evictions', colour: '--activity-unloading' },
    ],
    spell: whole,
    atLeast: 2,
  },
  {
    title: 'Requests',
    lines: [
      { of: 'running', name: 'running', colour: '--activity-decode' },
      { of: 'waiting', name: 'waiting', colour: '--activity-loading' },
    ],
    spell: whole,
    atLeast: 2,
  },
  {
    title: 'Memory of models',
    lines: [{ of: 'memory', name: 'on all devices', colour: '--accent' }],
    spell: (value) => formatBytes(value),
    atLeast: 2 ** 20,
  },
]

type Plotting = typeof uPlot

/** The last hour, or as much of it as was watched. */
export function Plots({ history }: { readonly history: History }) {
  const [plotting, setPlotting] = useState<{ readonly make: Plotting } | null>(null)
  useEffect(() => {
    const load = async (): Promise<void> => {
      const [{ default: make }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')])
      setPlotting({ make })
    }
    load().catch(toastError)
  }, [])
  const now = useEvery(BUCKET_MS)
  const series = history.series(now)
  return (
    <section class="activity-section" aria-labelledby="activity-plots">
      <h2 id="activity-plots">The last hour</h2>
      <div class="plots">
        {PLOTS.map((kind) => (
          <Plot key={kind.title} kind={kind} series={series} make={plotting?.make ?? null} />
        ))}
      </div>
    </section>
  )
}

interface PlotProps {
  readonly kind: PlotKind
  readonly series: Series
  readonly make: Plotting | null
}

function Plot({ kind, series, make }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null)
  const drawn = useRef<PlotCanvas | null>(null)
  const themes = useThemeChanges()
  const columns = kind.lines.map(({ of }) => series[of])
  useEffect(() => {
    if (make === null || frame.current === null) return undefined
    const { lines, spell, atLeast } = kind
    const plot = new PlotCanvas(make, frame.current, { lines, spell, atLeast })
    drawn.current = plot
    return () => {
      drawn.current = null
      plot[Symbol.dispose]()
    }
  }, [make, kind, themes])
  useEffect(() => drawn.current?.show(series.at, columns), [series, make, themes])
  return (
    <figure class="plot">
      <figcaption>
        <span class="plot-title">{kind.title}</span>
        {kind.lines.map(({ of, name, colour }) => (
          <span key={of} class="plot-line">
            <span class="plot-swatch" style={{ background: `var(${colour})` }} />
            {name} <span class="visually-hidden">{inWords(series[of], kind.spell)}</span>
          </span>
        ))}
      </figcaption>
      <div class="plot-frame" ref={frame} aria-hidden="true" />
    </figure>
  )
}

/** For those who do not see it. */
function inWords(values: readonly (number | null)[], spell: (value: number) => string): string {
  const known = values.filter((value) => value !== null)
  const last = values.at(-1) ?? null
  if (known.length === 0) return 'nothing yet'
  const most = known.reduce((a, b) => Math.max(a, b))
  return `${last === null ? '' : `now ${spell(last)}, `}at most ${spell(most)}`
}
