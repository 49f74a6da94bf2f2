import type { Tokens } from '@berth/budget'
import type { RequestClass, SchedulerEvent } from '@berth/scheduler'
import type { JobView, RunnerView } from './views.js'

export type SegmentKind = 'loading' | 'prefill' | 'decode' | 'idle' | 'unloading'

/** What a runner, or one of its slots, did from one moment to another. */
export interface Segment {
  readonly id: number
  readonly kind: SegmentKind
  readonly lane: string
  readonly runner: string
  readonly from: number
  /** Null while it goes on. */
  to: number | null
  /** The decision that began it. */
  readonly why: string
  /** How it ended; null where nothing is to be said of it. */
  end: string | null
  /** What the load was given, in words. */
  readonly placement: string | null
  readonly request: SegmentRequest | null
}

export interface SegmentRequest {
  readonly id: string
  readonly class: RequestClass
  readonly client: string
  /** The row within its lane. */
  readonly slot: number
  /** Null where nobody was watching when it began. */
  readonly waitedMs: number | null
  readonly resumed: boolean
  /** Of the prompt in `prefill`, of the answer in `decode`. */
  tokens: Tokens
}

export interface Lane {
  readonly name: string
  /** In the order in which they began; the last ones may go on. */
  readonly segments: Segment[]
  /** The most slots that were taken at a time. */
  rows: number
}

/** How long segments are kept. */
const KEPT_MS = 60 * 60_000

/** The most that are kept, of a lane and in all; the oldest go first. */
const MOST_OF_LANE = 1_500
const MOST_LANES = 100

/** What a segment ends with when its end was not seen. */
const UNSEEN = 'ended while nobody watched'

/** A cancelled job has its slot until the step in work is done. */
const LEAVING = 'it was ended, and leaves its slot with the step in work'

interface Begin {
  readonly kind: SegmentKind
  readonly why: string
  readonly placement?: string | null
  readonly request?: SegmentRequest
}

/** A lane for each model: what its runners did, and why. */
export class Timeline {
  readonly #lanes = new Map<string, Lane>()
  /** Those that go on: of runners by their id, of jobs by runner and request. */
  readonly #open = new Map<string, Segment>()
  #made = 0

  get lanes(): ReadonlyMap<string, Lane> {
    return this.#lanes
  }

  /** When the oldest segment that is kept began; null where there is none. */
  get oldest(): number | null {
    let oldest: number | null = null
    for (const { segments } of this.#lanes.values()) {
      const from = segments[0]?.from
      if (from !== undefined && (oldest === null || from < oldest)) oldest = from
    }
    return oldest
  }

  find(id: number): Segment | undefined {
    for (const { segments } of this.#lanes.values()) {
      const found = segments.find((segment) => segment.id === id)
      if (found !== undefined) return found
    }
    return undefined
  }

  /**
   * Goes on from what is there now, whatever was missed before.
   * @param follows whether nothing was: then a job that has ended and is there all the same is on its way out.
   */
  reset(runners: Iterable<RunnerView>, at: number, follows: boolean): void {
    const going = new Set<string>()
    for (const runner of runners) {
      const kind = kindOf(runner)
      if (kind !== null) {
        going.add(runner.id)
        this.#goOn(runner, runner.id, { kind, why: runner.why }, runner.since)
      }
      for (const job of runner.jobs) {
        const key = keyOf(runner.id, job.request)
        going.add(key)
        if (follows && !this.#open.has(key)) this.#goOn(runner, key, { ...beginOf(job), why: LEAVING }, at)
        else this.#goOn(runner, key, beginOf(job), job.since)
      }
    }
    for (const key of Array.from(this.#open.keys())) if (!going.has(key)) this.#close(key, at, UNSEEN)
    this.#trim(at)
  }

  /** @param runner as it was before the event. @param job as it is after it. */
  apply(event: SchedulerEvent, at: number, job: JobView | undefined): void {
    switch (event.type) {
      case 'state':
        this.#state(event, at)
        break
      case 'running':
        if (job === undefined) break
        this.#begin(laneOf(event.model), event.runner, keyOf(event.runner, event.request), at, {
          kind: 'prefill',
          why: event.why,
          request: {
            ...requestOf(job),
            waitedMs: event.waitedMs,
            resumed: event.resumed === true,
          },
        })
        break
      case 'progress':
        if (job !== undefined) this.#progress(event.model, event.runner, job, at)
        break
      case 'finished':
        if (event.runner === null) break
        this.#finished(event, at)
        break
      case 'preempted':
        this.#close(keyOf(event.runner, event.request), at, `gave its slot away: ${event.why}`)
        break
      case 'failed':
        if (event.runner !== null) this.#close(keyOf(event.runner, event.request), at, `failed: ${event.why}`)
        break
      case 'cancelled':
        this.#closeAllOf(event.request, at, `cancelled: ${event.why}`)
        break
      case 'retried':
        this.#closeAllOf(event.request, at, `is tried again: ${event.why}`)
        break
      case 'lost':
        this.#end(event.runner, `lost: ${event.why}`)
        break
      case 'load-failed':
        this.#end(event.runner, `failed: ${event.why}`)
        break
      case 'evicted':
        this.#end(event.runner, `evicted: ${event.why}`)
        break
      case 'draining':
      case 'loading':
      case 'measured':
      case 'pinned':
      case 'queued':
      case 'reclassed':
      case 'refused':
      case 'waiting':
        break
    }
  }

  #state(event: Extract<SchedulerEvent, { type: 'state' }>, at: number): void {
    const { runner, to, why } = event
    if (to === event.from) return
    this.#close(runner, at, null)
    if (to === 'idle' || to === 'unloading') this.#closeJobs(runner, at, why)
    if (to === 'idle' || to === 'busy') return
    const kind = to === 'ready' ? 'idle' : to
    const lane = laneOf(event.model, event.purpose)
    this.#begin(lane, runner, runner, at, { kind, why, placement: event.placement?.reason ?? null })
  }

  /** The first token of the answer is the end of the prompt. */
  #progress(model: string, runner: string, job: JobView, at: number): void {
    const key = keyOf(runner, job.request)
    const open = this.#open.get(key)
    if (open?.request == null) return
    if (job.phase !== 'decode') {
      open.request.tokens = job.tokens
    } else if (open.kind === 'decode') {
      open.request.tokens = job.tokens
    } else {
      if (job.of > 0) open.request.tokens = job.of
      this.#close(key, at, null)
      const request = { ...open.request, tokens: job.tokens }
      this.#begin(open.lane, runner, key, at, { kind: 'decode', why: open.why, request })
    }
  }

  #finished(event: Extract<SchedulerEvent, { type: 'finished' }>, at: number): void {
    const key = keyOf(event.runner ?? '', event.request)
    const open = this.#open.get(key)
    const { metrics } = event
    if (open?.request == null) return
    if (open.kind === 'prefill' && metrics !== null && metrics.decodedTokens > 0) {
      // So short that no progress told of it: the engine's own times part it.
      const begun = Math.max(open.from, Math.min(at, at - metrics.decodeMs))
      open.request.tokens = metrics.promptTokens
      this.#close(key, begun, null)
      const request = { ...open.request, tokens: metrics.decodedTokens }
      this.#begin(open.lane, open.runner, key, begun, { kind: 'decode', why: open.why, request })
    } else if (metrics !== null) {
      open.request.tokens = open.kind === 'decode' ? metrics.decodedTokens : metrics.promptTokens
    }
    this.#close(key, at, `finished: ${event.reason}`)
  }

  #goOn(runner: RunnerView, key: string, begin: Begin, from: number): void {
    const open = this.#open.get(key)
    if (open?.kind === begin.kind) return
    if (open !== undefined) this.#close(key, from, null)
    const placement = runner.placement?.reason ?? null
    this.#begin(laneOf(runner.model, runner.purpose), runner.id, key, Math.max(from, open?.from ?? 0), {
      placement,
      ...begin,
    })
  }

  #begin(
    name: string,
    runner: string,
    key: string,
    from: number,
    { placement = null, request, kind, why }: Begin,
  ): void {
    const lane = this.#lanes.get(name) ?? { name, segments: [], rows: 1 }
    if (!this.#lanes.has(name)) {
      if (this.#lanes.size >= MOST_LANES) this.#dropLane()
      this.#lanes.set(name, lane)
    }
    this.#made += 1
    const segment: Segment = {
      id: this.#made,
      kind,
      lane: name,
      runner,
      from,
      to: null,
      why,
      end: null,
      placement,
      request: request ?? null,
    }
    lane.segments.push(segment)
    if (request !== undefined) lane.rows = Math.max(lane.rows, request.slot + 1)
    this.#open.set(key, segment)
    // A tenth at a time: to take one from the front for each that comes would move all of them each time.
    if (lane.segments.length > MOST_OF_LANE * 1.1)
      lane.segments.splice(0, lane.segments.length - MOST_OF_LANE)
    this.#trimLane(lane, from)
  }

  #close(key: string, at: number, end: string | null): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    open.to = Math.max(open.from, at)
    open.end ??= end
    this.#open.delete(key)
  }

  #end(runner: string, end: string): void {
    const open = this.#open.get(runner)
    if (open !== undefined) open.end = end
  }

  #closeJobs(runner: string, at: number, why: string): void {
    for (const [key, { request }] of Array.from(this.#open))
      if (request !== null && key.startsWith(`${runner} `)) this.#close(key, at, why)
  }

  #closeAllOf(request: string, at: number, end: string): void {
    for (const [key, open] of Array.from(this.#open))
      if (open.request?.id === request) this.#close(key, at, end)
  }

  /** The lane whose last segment is the oldest gives its place to a new one. */
  #dropLane(): void {
    let oldest: Lane | null = null
    const lastOf = (lane: Lane): number => lane.segments.at(-1)?.from ?? 0
    for (const lane of this.#lanes.values())
      if (oldest === null || lastOf(lane) < lastOf(oldest)) oldest = lane
    if (oldest === null) return
    for (const [key, open] of Array.from(this.#open)) if (open.lane === oldest.name) this.#open.delete(key)
    this.#lanes.delete(oldest.name)
  }

  #trim(now: number): void {
    for (const lane of this.#lanes.values()) {
      this.#trimLane(lane, now)
      if (lane.segments.length === 0) this.#lanes.delete(lane.name)
    }
  }

  #trimLane({ segments }: Lane, now: number): void {
    const stale = segments.findIndex(({ to }) => to === null || to > now - KEPT_MS)
    if (stale > 0) segments.splice(0, stale)
    else if (stale === -1) segments.length = 0
  }
}

function kindOf({ state }: RunnerView): SegmentKind | null {
  if (state === 'loading' || state === 'unloading') return state
  return state === 'ready' ? 'idle' : null
}

function beginOf(job: JobView): Begin {
  const request = { ...requestOf(job), waitedMs: null, resumed: false }
  return {
    kind: job.phase === 'decode' ? 'decode' : 'prefill',
    why: 'it ran already when this page began to watch',
    request,
  }
}

function requestOf(job: JobView): Omit<SegmentRequest, 'waitedMs' | 'resumed'> {
  return { id: job.request, class: job.class, client: job.client, slot: job.slot, tokens: job.tokens }
}

/** A model that is loaded for both purposes has a lane for each. */
function laneOf(model: string, purpose: 'generate' | 'embed' = 'generate'): string {
  return purpose === 'embed' ? `${model} (embeddings)` : model
}

const keyOf = (runner: string, request: string): string => `${runner} ${request}`
