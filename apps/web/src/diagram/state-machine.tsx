import type { RunnerState } from '@berth/scheduler'
import './state-machine.css'

interface Box {
  readonly state: RunnerState
  readonly x: number
  readonly y: number
  readonly width: number
}

const HEIGHT = 20

const BOXES: readonly Box[] = [
  { state: 'idle', x: 1, y: 30, width: 38 },
  { state: 'loading', x: 55, y: 5, width: 56 },
  { state: 'ready', x: 129, y: 5, width: 46 },
  { state: 'busy', x: 205, y: 5, width: 42 },
  { state: 'unloading', x: 105, y: 54, width: 70 },
]

/** The transitions of the scheduler's table, from edge to edge. */
const ARROWS: readonly { readonly from: RunnerState; readonly to: RunnerState; readonly path: string }[] = [
  { from: 'idle', to: 'loading', path: 'M28 30 L53 17' },
  { from: 'loading', to: 'ready', path: 'M111 15 L127 15' },
  { from: 'ready', to: 'busy', path: 'M175 11 L203 11' },
  { from: 'busy', to: 'ready', path: 'M205 20 L177 20' },
  { from: 'loading', to: 'unloading', path: 'M88 25 L116 52' },
  { from: 'ready', to: 'unloading', path: 'M150 25 L145 52' },
  { from: 'busy', to: 'unloading', path: 'M222 25 Q214 58 177 63' },
  { from: 'unloading', to: 'idle', path: 'M105 64 Q48 66 27 52' },
]

/** The five states and how one leads to another, with the one that it is in lit. */
export function StateMachine({ state }: { readonly state: RunnerState }) {
  return (
    <svg class="state-machine" viewBox="0 0 248 76" role="img" aria-label={`State: ${state}`}>
      {ARROWS.map(({ from, to, path }) => (
        <path
          key={`${from} ${to}`}
          class={from === state ? 'state-arrow state-arrow-next' : 'state-arrow'}
          d={path}
          marker-end="url(#state-arrow-head)"
        />
      ))}
      {BOXES.map((box) => (
        <g key={box.state} class={box.state === state ? `state-box state-now state-${state}` : 'state-box'}>
          <rect x={box.x} y={box.y} width={box.width} height={HEIGHT} rx="6" />
          <text x={box.x + box.width / 2} y={box.y + 14}>
            {box.state}
          </text>
        </g>
      ))}
    </svg>
  )
}

/** The arrow's head, for all of them; once in the page. */
export function ArrowHead() {
  return (
    <svg class="visually-hidden" aria-hidden="true" focusable="false">
      <defs>
        <marker
          id="state-arrow-head"
          viewBox="0 0 6 6"
          refX="5"
          refY="3"
          markerWidth="6"
          markerHeight="6"
          orient="auto"
        >
          <path class="state-head" d="M0 0 L6 3 L0 6 z" />
        </marker>
      </defs>
    </svg>
  )
}
