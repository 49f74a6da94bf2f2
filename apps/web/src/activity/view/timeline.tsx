import type { ReadonlySignal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Button, IconButton } from '../../shell/index.js'
import { explainSegment, formatSpan, KIND_TEXT } from '../model/explain.js'
import type { Segment, SegmentKind, Timeline } from '../model/timeline.js'
import { useThemeChanges } from './colours.js'
import { TimelineCanvas } from './timeline-canvas.js'

const KINDS: readonly SegmentKind[] = ['loading', 'prefill', 'decode', 'idle', 'unloading']

/** How many the list has: the newest. */
const MOST_LISTED = 40

export interface TimelineViewProps {
  readonly timeline: Timeline
  /** Changes when something was folded in. */
  readonly drawn: ReadonlySignal<number>
  readonly nameOf: (model: string) => string
  readonly now: number
}

/** What the models did, a lane for each, and why. */
export function TimelineView({ timeline, drawn, nameOf, now }: TimelineViewProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const shown = useRef<TimelineCanvas | null>(null)
  const [, setChanges] = useState(0)
  const themes = useThemeChanges()
  useEffect(() => {
    if (canvas.current === null) return undefined
    const made = new TimelineCanvas(canvas.current, timeline, nameOf, () =>
      setChanges((before) => before + 1),
    )
    shown.current = made
    const redraws = drawn.subscribe(() => made.redraw())
    const ends = listen(canvas.current, made)
    return () => {
      ends()
      redraws()
      made[Symbol.dispose]()
      shown.current = null
    }
  }, [timeline, nameOf])
  useEffect(() => shown.current?.redraw({ theme: true }), [themes])
  const view = shown.current
  const paused = view?.paused ?? false
  const chosen = view?.chosen ?? null
  return (
    <section class="activity-section" aria-labelledby="activity-timeline">
      <div class="timeline-head">
        <h2 id="activity-timeline">Timeline</h2>
        <div class="timeline-tools" role="group" aria-label="What the timeline shows">
          <IconButton icon="chevron-left" size="s" label="Earlier" onClick={() => view?.pan(-0.5)} />
          <IconButton icon="chevron-right" size="s" label="Later" onClick={() => view?.pan(0.5)} />
          <IconButton icon="plus" size="s" label="Zoom in" onClick={() => view?.zoom(0.5)} />
          <IconButton icon="minus" size="s" label="Zoom out" onClick={() => view?.zoom(2)} />
          <Button
            size="s"
            icon={paused ? 'play' : 'pause'}
            aria-pressed={paused}
            onClick={() => view?.pause(!paused)}
          >
            {paused ? 'Follow' : 'Pause'}
          </Button>
        </div>
      </div>
      <ul class="timeline-legend">
        {KINDS.map((kind) => (
          <li key={kind}>
            <span class={`timeline-swatch timeline-${kind}`} /> {KIND_TEXT[kind]}
          </li>
        ))}
        <li class="timeline-hint">Drag to move, Ctrl and the wheel to zoom, click for the reason.</li>
      </ul>
      <div class="timeline-frame">
        <canvas
          ref={canvas}
          class="timeline"
          tabIndex={0}
          role="application"
          aria-roledescription="timeline"
          aria-label="Timeline: arrow keys move it, plus and minus zoom, comma and full stop go from one segment to another, Enter tells of it"
        />
      </div>
      <div aria-live="polite">
        {chosen !== null && (
          <Explained segment={chosen} nameOf={nameOf} now={now} onClose={() => view?.choose(null)} />
        )}
      </div>
      <SegmentList
        timeline={timeline}
        nameOf={nameOf}
        now={now}
        chosen={chosen?.id ?? null}
        onChoose={(id) => view?.choose(id)}
      />
    </section>
  )
}

interface ExplainedProps {
  readonly segment: Segment
  readonly nameOf: (model: string) => string
  readonly now: number
  readonly onClose: () => void
}

function Explained({ segment, nameOf, now, onClose }: ExplainedProps) {
  const { title, facts } = explainSegment({ ...segment, lane: nameOf(segment.lane) }, now)
  return (
    <div class="explained">
      <div class="explained-head">
        <h3>{title}</h3>
        <IconButton icon="close" size="s" label="Close the explanation" onClick={onClose} />
      </div>
      <dl>
        {facts.map(({ name, text }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

interface SegmentListProps {
  readonly timeline: Timeline
  readonly nameOf: (model: string) => string
  readonly now: number
  readonly chosen: number | null
  readonly onChoose: (id: number) => void
}

/** The same for those who do not see the canvas, or cannot point at it. */
function SegmentList({ timeline, nameOf, now, chosen, onChoose }: SegmentListProps) {
  const [open, setOpen] = useState(false)
  const latest = open
    ? [...timeline.lanes.values()]
        .flatMap(({ segments }) => segments.slice(-MOST_LISTED))
        .toSorted((a, b) => b.from - a.from || b.id - a.id)
        .slice(0, MOST_LISTED)
    : []
  return (
    <details class="segments" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The same as a list</summary>
      <ul>
        {latest.map(({ id, kind, lane, from, to, request }) => (
          <li key={id}>
            <button type="button" aria-pressed={id === chosen} onClick={() => onChoose(id)}>
              {new Date(from).toLocaleTimeString()} {nameOf(lane)}: {KIND_TEXT[kind].toLowerCase()}
              {request !== null && ` (${request.id})`}, {formatSpan((to ?? now) - from)}
              {to === null && ' so far'}
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}

/** Pixels that a pointer may tremble and still be a click. */
const TREMBLE = 4

/** Wheel, pointers (one drags, two pinch) and keys of the canvas. */
function listen(canvas: HTMLCanvasElement, view: TimelineCanvas): () => void {
  const ending = new AbortController()
  const { signal } = ending
  const down = new Map<number, { x: number; y: number }>()
  let moved = 0
  const spread = (): number => {
    const [a, b] = [...down.values()]
    return a === undefined || b === undefined ? 0 : Math.hypot(a.x - b.x, a.y - b.y)
  }
  canvas.addEventListener(
    'wheel',
    (event) => {
      // Up and down scrolls the page, as everywhere; with a modifier, or sideways, it is meant for the timeline.
      if (event.ctrlKey || event.metaKey || event.shiftKey) {
        event.preventDefault()
        view.zoom(Math.exp((event.deltaY || event.deltaX) / 300), event.offsetX / canvas.clientWidth)
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault()
        view.pan(event.deltaX / canvas.clientWidth)
      }
    },
    { signal, passive: false },
  )
  canvas.addEventListener(
    'pointerdown',
    (event) => {
      down.set(event.pointerId, { x: event.offsetX, y: event.offsetY })
      moved = down.size === 1 ? 0 : Infinity
      canvas.setPointerCapture(event.pointerId)
    },
    { signal },
  )
  canvas.addEventListener(
    'pointermove',
    (event) => {
      const had = down.get(event.pointerId)
      if (had === undefined) return
      const before = spread()
      const along = event.offsetX - had.x
      down.set(event.pointerId, { x: event.offsetX, y: event.offsetY })
      moved += Math.abs(along) + Math.abs(event.offsetY - had.y)
      if (down.size === 2 && before > 0 && spread() > 0) view.zoom(before / spread(), 0.5)
      else if (moved > TREMBLE && along !== 0) view.pan(-along / canvas.clientWidth)
    },
    { signal },
  )
  const up = (event: PointerEvent): void => {
    if (!down.delete(event.pointerId)) return
    if (event.type === 'pointerup' && moved <= TREMBLE) view.chooseAt(event.offsetX, event.offsetY)
  }
  canvas.addEventListener('pointerup', up, { signal })
  canvas.addEventListener('pointercancel', up, { signal })
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => view.pan(-0.1),
    ArrowRight: () => view.pan(0.1),
    '+': () => view.zoom(0.5),
    '=': () => view.zoom(0.5),
    '-': () => view.zoom(2),
    ',': () => view.chooseNext(-1),
    '.': () => view.chooseNext(1),
    Enter: () => {
      if (view.chosen === null) view.chooseNext(1)
    },
    ' ': () => view.pause(!view.paused),
    Escape: () => view.choose(null),
  }
  canvas.addEventListener(
    'keydown',
    (event) => {
      const act = keys[event.key]
      if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      act()
    },
    { signal },
  )
  return () => ending.abort()
}
