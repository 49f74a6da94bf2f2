import type { DeviceUsage } from '@berth/budget'
import type { PolicyName, RequestId, RunnerId, SchedulerEvent, Snapshot } from '@berth/scheduler'
import type { WatchMessage } from '../../host/index.js'
import { deviceViews } from './devices.js'
import { History } from './history.js'
import { Runners } from './runners.js'
import { Timeline } from './timeline.js'
import type { DeviceView, JobView, RunnerView, WaitView } from './views.js'
import { WaitingLine } from './waiting-line.js'

/** Past this difference the two clocks are compared anew: one of them slept. Less is a message that came late. */
const CLOCK_SLIP_MS = 30_000

/** What goes with a request from the line into its slot. */
type Who = Pick<JobView, 'class' | 'client'>

/**
 * All that the page shows of one scheduler, folded from a snapshot and the events after it. Knows no clock and no
 * page; whatever comes, its size stays bounded.
 */
export class Activity {
  readonly history = new History()
  readonly #runners = new Runners()
  readonly #line = new WaitingLine()
  readonly #timeline = new Timeline()
  #usage: readonly DeviceUsage[] = []
  #policy: PolicyName | null = null
  /** The number of the last event; null before the first snapshot, and after a gap. */
  #seq: number | null = null
  /** Page's time less scheduler's, by the message that took the least time to come. */
  #offset = 0
  /** When the last event was, by the page: time never goes back, though the clocks come to be known better. */
  #last = 0
  #version = 0

  /** Changes with everything that is shown. */
  get version(): number {
    return this.#version
  }

  get known(): boolean {
    return this.#policy !== null
  }

  get policy(): PolicyName | null {
    return this.#policy
  }

  get runners(): ReadonlyMap<RunnerId, RunnerView> {
    return this.#runners.views
  }

  get queue(): readonly WaitView[] {
    return this.#line.line
  }

  /** How many wait, those that `queue` leaves out included. */
  get waiting(): number {
    return this.#line.count
  }

  get timeline(): Timeline {
    return this.#timeline
  }

  get devices(): readonly DeviceView[] {
    return deviceViews(this.#usage, this.#runners.views.values())
  }

  /** @param now by the page's clock, milliseconds since 1970. */
  take(message: WatchMessage, now: number): void {
    if (message.type === 'snapshot') this.#snapshot(message.snapshot, now)
    else if (this.#seq !== null && message.events.length > 0) {
      for (const event of message.events) this.#event(event)
      this.#levels(this.#last)
    }
  }

  /** Nothing is heard from now on: what comes after the next snapshot does not follow what came before. */
  lost(): void {
    this.#seq = null
  }

  #snapshot(snapshot: Snapshot, now: number): void {
    const toPage = (at: number): number => at + this.#offset
    const follows = this.#seq !== null && snapshot.seq === this.#seq
    const offset = now - snapshot.at
    if (!follows || offset < this.#offset || offset > this.#offset + CLOCK_SLIP_MS) this.#offset = offset
    if (!follows) this.history.gap(now)
    this.#seq = snapshot.seq
    this.#usage = snapshot.devices
    this.#policy = snapshot.policy
    this.#runners.reset(snapshot.runners, toPage)
    this.#line.reset(snapshot.queue, toPage, toPage(snapshot.at))
    this.#timeline.reset(this.#runners.views.values(), Math.max(this.#last, toPage(snapshot.at)), follows)
    this.#levels(now)
    this.#version += 1
  }

  #event(event: SchedulerEvent): void {
    // Nothing can be made of events before the first snapshot, nor of those that it has in it.
    if (this.#seq === null || event.seq <= this.#seq) return
    this.#seq = event.seq
    const at = Math.max(this.#last, event.at + this.#offset)
    this.#last = at
    const before = 'request' in event ? this.#jobOf(event) : undefined
    const waited = event.type === 'running' ? this.#line.find(event.request) : undefined
    this.#count(event, at, before, waited)
    this.#line.apply(event, at, before)
    this.#runners.apply(event, at, whoOf(waited))
    const after = 'request' in event ? this.#jobOf(event) : undefined
    this.#timeline.apply(event, at, after)
    this.#version += 1
  }

  #jobOf(event: SchedulerEvent & { readonly request: RequestId }): JobView | undefined {
    if ('runner' in event) return this.#runners.jobOf(event.runner, event.request)
    return undefined
  }

  #count(event: SchedulerEvent, at: number, job: JobView | undefined, waited: WaitView | undefined): void {
    const { history } = this
    if (event.type === 'running' && event.resumed !== true) {
      history.add(at, 'started', 1)
      const runner = this.#runners.views.get(event.runner)
      const asked = waited?.since ?? at - event.waitedMs
      if (runner === undefined || runner.began < asked) history.add(at, 'hits', 1)
    } else if (event.type === 'state' && event.to === 'loading') history.add(at, 'loads', 1)
    else if (event.type === 'evicted') history.add(at, 'evictions', 1)
    else if (event.type === 'progress' && event.progress.phase !== 'waiting') {
      const { phase, tokens } = event.progress
      const had = phase === 'prompt' ? (job?.promptTokens ?? 0) : job?.phase === phase ? job.tokens : 0
      history.add(at, phase === 'prompt' ? 'prompt' : 'decoded', Math.max(0, tokens - had))
    } else if (event.type === 'finished' && event.metrics !== null) {
      // The rest, which no progress told of.
      const prompt = event.metrics.promptTokens - event.metrics.cachedTokens
      history.add(at, 'prompt', Math.max(0, prompt - (job?.promptTokens ?? 0)))
      const decoded = job?.phase === 'decode' ? job.tokens : 0
      history.add(at, 'decoded', Math.max(0, event.metrics.decodedTokens - decoded))
    }
  }

  #levels(at: number): void {
    let running = 0
    let memory = 0
    for (const { jobs, bytes } of this.#runners.views.values()) {
      running += jobs.length
      for (const part of bytes) memory += part.bytes
    }
    this.history.set(at, 'waiting', this.#line.count)
    this.history.set(at, 'running', running)
    this.history.set(at, 'memory', memory)
  }
}

const whoOf = (waited: WaitView | undefined): Who => ({
  class: waited?.class ?? 'normal',
  client: waited?.client ?? '',
})
