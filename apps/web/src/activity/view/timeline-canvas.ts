import type { Timeline, Lane, Segment } from '../model/timeline.js'
import { colourOf } from './colours.js'
import { drawTimeline, heightOf, segmentAt, type Colours } from './timeline-draw.js'
import { panRange, zoomRange, type TimeRange } from './timeline-range.js'

const FIRST_SPAN_MS = 60_000

/** With reduced motion it moves on so often, and not with each frame. */
const CALM_MS = 1_000

/** What of the timeline is shown, and its canvas; the page around it listens to `changed`. */
export class TimelineCanvas implements Disposable {
  readonly #canvas: HTMLCanvasElement
  readonly #timeline: Timeline
  readonly #nameOf: (model: string) => string
  readonly #changed: () => void
  #colours: Colours
  #span = FIRST_SPAN_MS
  /** Null: it follows the time. */
  #fixed: TimeRange | null = null
  #chosen: number | null = null
  #handle = 0
  #drawnAt = 0
  #stale = true
  #seen = ''
  #visible = true
  readonly #frame: HTMLElement
  readonly #observer: IntersectionObserver
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)')

  /** @param changed told when it begins or ceases to follow the time, and when something else is chosen. */
  constructor(
    canvas: HTMLCanvasElement,
    timeline: Timeline,
    nameOf: (model: string) => string,
    changed: () => void,
  ) {
    this.#canvas = canvas
    this.#timeline = timeline
    this.#nameOf = nameOf
    this.#changed = changed
    this.#colours = coloursOf(canvas)
    this.#observer = new IntersectionObserver(([entry]) => {
      this.#visible = entry?.isIntersecting ?? true
      this.#stale = true
    })
    this.#observer.observe(canvas)
    this.#frame = canvas.parentElement ?? document.body
    this.#frame.addEventListener('scroll', this.#scrolled, { passive: true })
    this.#loop()
  }

  get paused(): boolean {
    return this.#fixed !== null
  }

  get chosen(): Segment | null {
    return this.#chosen === null ? null : (this.#timeline.find(this.#chosen) ?? null)
  }

  /** To be called when something was folded in, or the theme has changed. */
  redraw({ theme = false } = {}): void {
    if (theme) this.#colours = coloursOf(this.#canvas)
    this.#stale = true
  }

  pause(paused: boolean): void {
    this.#fixed = paused ? this.#range() : null
    this.#told()
  }

  /** @param anchor from 0 at the left to 1; absent: now stays where it is, or the middle. */
  zoom(factor: number, anchor?: number): void {
    const range = zoomRange(this.#range(), factor, anchor ?? (this.#fixed === null ? 1 : 0.5))
    this.#span = range.to - range.from
    // Around a moment that is past, it cannot go on following the time.
    if (this.#fixed !== null || (anchor !== undefined && anchor < 0.9))
      this.#fixed = panRange(range, 0, Date.now())
    this.#told()
  }

  /** @param share of what is shown; to the left it is negative. */
  pan(share: number): void {
    const now = Date.now()
    const range = panRange(this.#range(), share, now)
    // Back at the end, it follows again.
    this.#fixed = share > 0 && range.to >= now ? null : range
    this.#told()
  }

  choose(id: number | null): void {
    this.#chosen = id
    this.#told()
  }

  /** At a point of the canvas, in CSS pixels. */
  chooseAt(x: number, y: number): void {
    const { clientWidth: width } = this.#canvas
    const at = { lanes: this.#lanes(), range: this.#range(), width, now: Date.now() }
    this.choose(segmentAt(at, x, y)?.id ?? null)
  }

  /** The one after the chosen one, or before it, in time; brought into sight. */
  chooseNext(step: -1 | 1): void {
    const all = this.#lanes()
      .flatMap(({ segments }) => segments)
      .toSorted((a, b) => a.from - b.from || a.id - b.id)
    const index = all.findIndex(({ id }) => id === this.#chosen)
    const next = index === -1 ? all.at(-1) : all[index + step]
    if (next === undefined) return
    const { from, to } = this.#range()
    if (next.from < from || next.from > to) {
      const middle = { from: next.from - (to - from) / 2, to: next.from + (to - from) / 2 }
      this.#fixed = panRange(middle, 0, Date.now())
    }
    this.choose(next.id)
  }

  [Symbol.dispose](): void {
    cancelAnimationFrame(this.#handle)
    this.#observer.disconnect()
    this.#frame.removeEventListener('scroll', this.#scrolled)
  }

  readonly #scrolled = (): void => {
    this.#stale = true
  }

  #told(): void {
    this.#stale = true
    this.#changed()
  }

  #range(now = Date.now()): TimeRange {
    return this.#fixed ?? { from: now - this.#span, to: now }
  }

  #lanes(): readonly Lane[] {
    return [...this.#timeline.lanes.values()]
  }

  #loop(): void {
    this.#handle = requestAnimationFrame(() => {
      this.#draw()
      this.#loop()
    })
  }

  #draw(): void {
    const now = Date.now()
    const canvas = this.#canvas
    const width = canvas.clientWidth
    if (!this.#visible || width === 0) return
    if (!this.#stale) {
      if (this.#fixed !== null) return
      // Until a pixel's time has passed nothing would look otherwise.
      const pixel = this.#span / width / devicePixelRatio
      if (now - this.#drawnAt < (this.#calm.matches ? CALM_MS : pixel)) return
    } else if (this.#calm.matches && now - this.#drawnAt < CALM_MS / 4) return
    this.#stale = false
    this.#drawnAt = now
    const lanes = this.#lanes()
    this.#fit(width, heightOf(lanes.length))
    const context = canvas.getContext('2d')
    if (context === null) return
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    const names = lanes.map(({ name }) => this.#nameOf(name))
    const drawing = { lanes, names, range: this.#range(now), now, chosen: this.#chosen, width }
    // Its frame scrolls: what is out of sight there is drawn when it comes into sight.
    const { scrollTop: top, clientHeight } = this.#frame
    drawTimeline(context, { ...drawing, top, bottom: top + clientHeight }, this.#colours)
  }

  #fit(width: number, height: number): void {
    const fits = `${width} ${height} ${devicePixelRatio}`
    if (fits === this.#seen) return
    this.#seen = fits
    this.#canvas.width = Math.round(width * devicePixelRatio)
    this.#canvas.height = Math.round(height * devicePixelRatio)
    this.#canvas.style.height = `${height}px`
  }
}

function coloursOf(canvas: HTMLCanvasElement): Colours {
  const at = canvas.parentElement ?? document.body
  return {
    kinds: {
      loading: colourOf(at, '--activity-loading'),
      prefill: colourOf(at, '--activity-prefill'),
      decode: colourOf(at, '--activity-decode'),
      idle: colourOf(at, '--activity-idle'),
      unloading: colourOf(at, '--activity-unloading'),
    },
    text: colourOf(at, '--text'),
    muted: colourOf(at, '--text-muted'),
    line: colourOf(at, '--line'),
    chosen: colourOf(at, '--ring'),
    font: getComputedStyle(at).fontFamily,
  }
}
