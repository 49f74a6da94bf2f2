import { useEffect, useId, useState } from 'preact/hooks'
import { IconButton } from '../../shell/index.js'
import type { Run } from './run.js'
import { clockText, momentAt, momentTitle } from './steps.js'

export interface ScrubberProps {
  readonly times: readonly number[]
  /** Which of them is shown. */
  readonly at: number
  readonly runs: readonly (Run | null)[]
  readonly onChange: (at: number) => void
}

/** How long each decision is shown when they play by themselves. */
const SHOWN_MS = 1_000

/** Goes from decision to decision: dragged, by the arrow keys, by buttons, or by itself. */
export function Scrubber({ times, at, runs, onChange }: ScrubberProps) {
  const id = useId()
  const [playing, setPlaying] = useState(false)
  const isLast = at >= times.length - 1
  useEffect(() => {
    if (!playing) return undefined
    if (isLast) {
      setPlaying(false)
      return undefined
    }
    const timer = setTimeout(() => onChange(at + 1), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [playing, at, isLast])
  const time = times[at] ?? 0
  const titles = new Set(
    runs.flatMap((run) => {
      const moment = run === null ? null : momentAt(run, time)
      return moment?.at === time ? [momentTitle(moment)] : []
    }),
  )
  const text = `${clockText(time)}: ${[...titles].join('; ')}`
  return (
    <section class="what-if-scrubber" aria-label="Decisions">
      <div class="what-if-scrubber-row">
        <IconButton
          icon="chevron-left"
          label="Decision before"
          disabled={at === 0}
          onClick={() => onChange(at - 1)}
        />
        <IconButton
          icon={playing ? 'pause' : 'play'}
          label={playing ? 'Pause' : 'Play'}
          onClick={() => {
            if (isLast && !playing) onChange(0)
            setPlaying(!playing)
          }}
        />
        <IconButton
          icon="chevron-right"
          label="Next decision"
          disabled={isLast}
          onClick={() => onChange(at + 1)}
        />
        <label class="visually-hidden" for={id}>
          Decision
        </label>
        <input
          id={id}
          type="range"
          min={0}
          max={Math.max(0, times.length - 1)}
          step={1}
          value={at}
          aria-valuetext={text}
          onInput={(event) => {
            setPlaying(false)
            onChange(Number(event.currentTarget.value))
          }}
        />
        <output for={id}>
          {at + 1} of {times.length}
        </output>
      </div>
      <p class="what-if-now" data-at={time}>
        <b>{clockText(time)}</b> {[...titles].join('; ')}
      </p>
    </section>
  )
}
