import type { RunnerState, SchedulerEvent, Snapshot } from '@berth/scheduler'
import type { Moment as Heard } from '@berth/scheduler/simulation'
import type { Decision, Lane, Moment, Run, Stretch } from './run.js'

/** Moments that are kept: nobody steps through more, and each holds how everything stood. */
const MOST_MOMENTS = 2_000
const MOST_WAITING = 20
const MOST_STRETCHES = 5_000
/** Nobody sees a shorter one. */
const SHORTEST_MS = 1

/** Keeps what a simulation decides, with how things stood after it. */
export class RunRecorder {
  readonly #moments: Moment[] = []
  readonly #clients = new Map<string, string>()
  /** What each model's runner does now. */
  readonly #states = new Map<string, RunnerState>()
  /** Requests that found their model loaded and idle, and that have not answered yet. */
  readonly #reusing = new Set<string>()
  readonly #lanes = new Map<string, Stretch[]>()
  readonly #open = new Map<
    string,
    { readonly model: string; readonly state: Stretch['state']; readonly from: number }
  >()
  #stretches = 0
  #cut = false

  /** Told everything, in order. */
  hear(heard: Heard): void {
    const { event } = heard
    this.#follow(event)
    // By whole milliseconds: what one thing leads to within one is one moment to people.
    const at = Math.round(event.at)
    const decision = this.#decisionOf(event)
    const last = this.#moments.at(-1)
    if (last?.at === at) {
      // What comes after a decision at the same time is a part of it: how things stand is seen at its end.
      const decisions = decision === null ? last.decisions : [...last.decisions, decision]
      this.#moments[this.#moments.length - 1] = momentOf(decisions, heard.snapshot(), at)
    } else if (decision !== null) {
      if (this.#moments.length < MOST_MOMENTS) this.#moments.push(momentOf([decision], heard.snapshot(), at))
      else this.#cut = true
    }
  }

  result(endsAt: number): Omit<Run, 'report'> {
    for (const [runner, { model, state, from }] of this.#open) {
      this.#stretch(model, { state, from, to: endsAt })
      this.#open.delete(runner)
    }
    const lanes = [...this.#lanes].map(([model, stretches]): Lane => ({ model, stretches }))
    return { moments: this.#moments, cut: this.#cut, lanes, endsAt }
  }

  #follow(event: SchedulerEvent): void {
    if (event.type === 'queued') {
      this.#clients.set(event.request, event.client)
      if (this.#states.get(event.model) === 'ready') this.#reusing.add(event.request)
    }
    if (event.type !== 'state') return
    this.#states.set(event.model, event.to)
    const open = this.#open.get(event.runner)
    if (open !== undefined) this.#stretch(open.model, { state: open.state, from: open.from, to: event.at })
    if (event.to === 'idle') this.#open.delete(event.runner)
    else this.#open.set(event.runner, { model: event.model, state: event.to, from: event.at })
    if (!this.#lanes.has(event.model)) this.#lanes.set(event.model, [])
  }

  #stretch(model: string, stretch: Stretch): void {
    if (stretch.to - stretch.from < SHORTEST_MS || this.#stretches >= MOST_STRETCHES) return
    this.#stretches += 1
    this.#lanes.get(model)?.push(stretch)
  }

  /** What an event says that somebody decided, or that ended; null for the rest. */
  #decisionOf(event: SchedulerEvent): Decision | null {
    const who = 'request' in event ? (this.#clients.get(event.request) ?? null) : null
    const { model } = event
    switch (event.type) {
      case 'queued':
        return { action: 'asks', model, who, why: `${event.class}, place ${event.position} in line` }
      case 'state':
        if (event.to === 'loading') return { action: 'load', model, who, why: event.why }
        return event.from === 'loading' && event.to === 'ready'
          ? { action: 'ready', model, who, why: event.why }
          : null
      case 'running':
        if (event.resumed === true) return { action: 'resume', model, who, why: event.why }
        // One that had to wait for a slot or for memory after all found nothing to reuse.
        if (event.waitedMs > 0) this.#reusing.delete(event.request)
        return { action: this.#reusing.has(event.request) ? 'reuse' : 'infer', model, who, why: event.why }
      case 'progress':
        // Where nothing had to be loaded, the prompt is what there is to wait for.
        if (event.progress.phase !== 'decode' || !this.#reusing.delete(event.request)) return null
        return { action: 'infer', model, who, why: 'its prompt has been read, the answer begins' }
      case 'preempted':
        return { action: 'preempt', model, who, why: event.why }
      case 'draining':
        return { action: 'drain', model, who, why: event.why }
      case 'evicted':
        return { action: /keep-alive/.test(event.why) ? 'unload' : 'evict', model, who, why: event.why }
      case 'finished':
        this.#reusing.delete(event.request)
        return { action: 'done', model, who, why: doneWhy(event.metrics?.decodedTokens) }
      case 'refused':
        return { action: 'refuse', model, who, why: event.why }
      case 'failed':
      case 'cancelled':
      case 'lost':
      case 'load-failed':
        return { action: 'fail', model, who, why: event.why }
      case 'waiting':
      case 'reclassed':
      case 'retried':
      case 'loading':
      case 'measured':
      case 'pinned':
        return null
      default:
        return event satisfies never
    }
  }
}

const doneWhy = (tokens: number | undefined): string =>
  tokens === undefined ? 'it is over' : `an answer of ${tokens} tokens`

function momentOf(decisions: readonly Decision[], snapshot: Snapshot, at: number): Moment {
  return {
    at,
    decisions,
    runners: snapshot.runners.map(({ model, state, why, draining, bytes, running, spec }) => ({
      model,
      state,
      why,
      draining,
      bytes,
      running: running.map(({ request, client }) => ({ request, client })),
      slots: spec.slots,
    })),
    devices: snapshot.devices.map(({ device, capacity, reserved }) => ({
      id: device.id,
      name: device.name,
      capacity,
      reserved,
    })),
    queue: snapshot.queue.slice(0, MOST_WAITING).map((one) => ({
      request: one.request,
      model: one.model,
      client: one.client,
      class: one.class,
      why: one.why,
      waited: at - one.since,
    })),
    moreWaiting: Math.max(0, snapshot.queue.length - MOST_WAITING),
  }
}
