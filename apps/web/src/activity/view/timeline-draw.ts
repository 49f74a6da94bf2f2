import type { Lane, Segment, SegmentKind } from '../model/timeline.js'
import { ticksOf, type TimeRange } from './timeline-range.js'

/** Pixels. */
const LANE_HEIGHT = 34
const AXIS_HEIGHT = 22
const LABEL_HEIGHT = 13
const GAP = 3

/** What it is drawn with; by the page's theme. */
export interface Colours {
  readonly kinds: Readonly<Record<SegmentKind, string>>
  readonly text: string
  readonly muted: string
  readonly line: string
  readonly chosen: string
  readonly font: string
}

export interface Drawing {
  readonly lanes: readonly Lane[]
  readonly names: readonly string[]
  readonly range: TimeRange
  readonly now: number
  readonly chosen: number | null
  /** Of what is seen of it, in CSS pixels. */
  readonly width: number
  /** The part of the height that can be seen. */
  readonly top: number
  readonly bottom: number
}

export function heightOf(lanes: number): number {
  return AXIS_HEIGHT + Math.max(1, lanes) * LANE_HEIGHT
}

export function drawTimeline(context: CanvasRenderingContext2D, drawing: Drawing, colours: Colours): void {
  const { lanes, names, range, width, top, bottom } = drawing
  context.clearRect(0, top, width, bottom - top)
  drawAxis(context, drawing, colours)
  context.font = `11px ${colours.font}`
  context.textBaseline = 'middle'
  const first = Math.max(0, Math.floor((top - AXIS_HEIGHT) / LANE_HEIGHT))
  const last = Math.min(lanes.length, Math.ceil((bottom - AXIS_HEIGHT) / LANE_HEIGHT))
  for (let index = first; index < last; index += 1) {
    const lane = lanes[index]
    if (lane === undefined) continue
    const y = AXIS_HEIGHT + index * LANE_HEIGHT
    context.fillStyle = colours.line
    context.fillRect(0, y, width, 1)
    drawLane(context, lane, y, drawing, colours)
    context.fillStyle = colours.text
    context.fillText(names[index] ?? lane.name, 4, y + GAP + LABEL_HEIGHT / 2, width - 8)
  }
  // Now, where it can be seen.
  const x = xOf(drawing.now, range, width)
  context.fillStyle = colours.muted
  if (x < width - 1) context.fillRect(x, AXIS_HEIGHT, 1, bottom - AXIS_HEIGHT)
}

/** What is drawn at a point; jobs before the runner that they are in. */
export function segmentAt(
  { lanes, range, width, now }: Pick<Drawing, 'lanes' | 'range' | 'width' | 'now'>,
  x: number,
  y: number,
): Segment | null {
  const index = Math.floor((y - AXIS_HEIGHT) / LANE_HEIGHT)
  const lane = lanes[index]
  if (lane === undefined || index < 0) return null
  const { rows } = lane
  const inside = y - AXIS_HEIGHT - index * LANE_HEIGHT
  let nearest: { readonly segment: Segment; readonly distance: number } | null = null
  for (const segment of lane.segments) {
    const left = xOf(segment.from, range, width)
    const right = Math.max(left + 1, xOf(segment.to ?? now, range, width))
    const away = Math.max(0, left - x, x - right)
    const { y: rowTop, height } = rowOf(segment, rows)
    const beside = Math.max(0, rowTop - inside, inside - rowTop - height)
    // Thin ones are hard to hit, on a touch screen above all.
    if (away > 6) continue
    const distance = away * 4 + beside
    if (nearest === null || distance <= nearest.distance) nearest = { segment, distance }
  }
  return nearest?.segment ?? null
}

function drawLane(
  context: CanvasRenderingContext2D,
  lane: Lane,
  y: number,
  { range, now, width, chosen }: Drawing,
  colours: Colours,
): void {
  const { rows } = lane
  /** Where the last one of each row and kind ended: what is thinner than a pixel is drawn once for all of them. */
  const painted = new Map<string, number>()
  for (const segment of lane.segments) {
    const end = segment.to ?? now
    if (end < range.from || segment.from > range.to) continue
    const left = Math.max(0, xOf(segment.from, range, width))
    const right = Math.min(width, Math.max(left + 1, xOf(end, range, width)))
    const key = `${segment.kind}${segment.request?.slot ?? ''}`
    if (segment.id !== chosen && right <= (painted.get(key) ?? -1)) continue
    painted.set(key, right)
    const row = rowOf(segment, rows)
    context.fillStyle = colours.kinds[segment.kind]
    context.fillRect(left, y + row.y, right - left, row.height)
    if (segment.id !== chosen) continue
    context.strokeStyle = colours.chosen
    context.lineWidth = 2
    context.strokeRect(left - 1, y + row.y - 1, Math.max(3, right - left + 2), row.height + 2)
  }
}

function drawAxis(
  context: CanvasRenderingContext2D,
  { range, width, bottom }: Drawing,
  colours: Colours,
): void {
  context.font = `11px ${colours.font}`
  context.textBaseline = 'middle'
  for (const tick of ticksOf(range, Math.max(2, width / 90))) {
    const x = xOf(tick, range, width)
    context.fillStyle = colours.line
    context.fillRect(x, AXIS_HEIGHT - 6, 1, bottom - AXIS_HEIGHT + 6)
    context.fillStyle = colours.muted
    const text = clockText(tick, range.to - range.from)
    if (x + 4 + text.length * 6 < width) context.fillText(text, x + 4, AXIS_HEIGHT / 2)
  }
}

const two = (number: number): string => String(number).padStart(2, '0')

function clockText(at: number, span: number): string {
  const date = new Date(at)
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (span > 30 * 60_000) return minutes
  const seconds = `${minutes}:${two(date.getSeconds())}`
  return span > 5_000 ? seconds : `${seconds}.${Math.floor(date.getMilliseconds() / 100)}`
}

const xOf = (at: number, { from, to }: TimeRange, width: number): number =>
  ((at - from) / (to - from)) * width

/** Jobs share the lane's height below its name; what the whole runner does has all of it. */
function rowOf({ request }: Segment, rows: number): { readonly y: number; readonly height: number } {
  const y = GAP + LABEL_HEIGHT
  const height = LANE_HEIGHT - y - GAP
  if (request === null) return { y, height }
  return { y: y + (request.slot / rows) * height, height: Math.max(1, height / rows - (rows > 1 ? 0.5 : 0)) }
}
