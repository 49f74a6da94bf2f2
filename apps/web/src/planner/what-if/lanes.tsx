import { useMemo } from 'preact/hooks'
import type { Lane } from './run.js'
import { clockText } from './steps.js'

export interface LanesProps {
  readonly lanes: readonly Lane[]
  readonly endsAt: number
  readonly time: number
}

const STATES = ['loading', 'ready', 'busy', 'unloading'] as const

/** A line a model: what it did all the while, with a mark at the time that is shown. */
export function Lanes({ lanes, endsAt, time }: LanesProps) {
  const whole = Math.max(1, endsAt)
  const at = (ms: number): string => `${(ms / whole) * 100}%`
  const drawn = useMemo(
    () =>
      lanes.map(({ model, stretches }) => (
        <div key={model} class="what-if-lane">
          <span class="what-if-lane-name" title={model}>
            {model}
          </span>
          <svg
            class="what-if-lane-line"
            preserveAspectRatio="none"
            role="img"
            aria-label={laneText({ model, stretches })}
          >
            {stretches.map(({ state, from, to }) => (
              <rect
                key={`${from} ${state}`}
                class={`what-if-stretch-${state}`}
                x={at(from)}
                width={at(to - from)}
                height="100%"
              />
            ))}
          </svg>
        </div>
      )),
    [lanes, whole],
  )
  return (
    <div class="what-if-lanes">
      <div class="what-if-lanes-scroll">
        {drawn}
        <div class="what-if-cursor-track" aria-hidden="true">
          <span class="what-if-cursor" style={{ insetInlineStart: at(Math.min(time, whole)) }} />
        </div>
      </div>
      <div class="what-if-axis" aria-hidden="true">
        <span>0 s</span>
        <span>{clockText(endsAt)}</span>
      </div>
      <ul class="planner-legend" aria-hidden="true">
        {STATES.map((state) => (
          <li key={state}>
            <span class={`planner-swatch what-if-swatch-${state}`} /> {state}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Stretches that a screen reader is told one by one; of more it is told how many. */
const MOST_TOLD = 12

function laneText({ model, stretches }: Lane): string {
  if (stretches.length > MOST_TOLD) return `${model}: ${stretches.length} stretches`
  const told = stretches.map(({ state, from, to }) => `${state} from ${clockText(from)} to ${clockText(to)}`)
  return `${model}: ${told.join(', ') || 'never loaded'}`
}
