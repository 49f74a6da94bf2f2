import type { MemoryBudget } from '@berth/budget'
import type { ModelId } from '../backend.js'
import type { SchedulerErrorCode } from '../errors.js'
import type { SchedulerEvent } from '../events.js'
import type { Job } from '../job.js'
import type { RequestClass, RequestId } from '../request.js'
import type { SchedulerSettings } from '../settings.js'
import { BoundsMeter } from './bounds.js'
import { FairnessMeter } from './fairness-meter.js'
import { round } from './histogram.js'
import type { MachineModel } from './machine.js'
import type { ClientOutcome, SimulationReport, SloByClass, SwapReport } from './report.js'
import { Series } from './series.js'
import type { SimulatedBackend } from './simulated-backend.js'
import { Tally } from './tally.js'
import type { TraceRequest } from './trace.js'

/** Clients that are told apart; who comes later is one of the others. */
const MOST_CLIENTS = 1_000
/** Clients in a report. */
const TOP_CLIENTS = 10
const OTHERS = 'others'
const CLASSES: readonly RequestClass[] = ['interactive', 'normal', 'batch']

/** A request that is not over. */
interface Open {
  readonly request: TraceRequest
  readonly job: Job
  readonly class: RequestClass
  readonly client: string
  waiting: boolean
  startedAt: number
  firstAt: number
  /** Of its tokens, those that were counted as served. */
  counted: number
}

export interface ReporterParts {
  readonly backend: SimulatedBackend
  readonly budget: MemoryBudget
  readonly machine: MachineModel
  readonly settings: SchedulerSettings
  readonly slo: SloByClass
  readonly fairnessWindowMs: number
  readonly oracle: boolean
}

/** Makes a report from the scheduler's events, in a memory that does not grow with them. */
export class Reporter {
  readonly #parts: ReporterParts
  readonly #open = new Map<RequestId, Open>()
  readonly #running = new Map<Job, Open>()
  readonly #all = new Tally()
  readonly #classes = new Map<RequestClass, Tally>()
  readonly #clients = new Map<string, Tally>()
  readonly #others = new Tally()
  readonly #fairness: FairnessMeter
  readonly #series: Series
  readonly #bounds: BoundsMeter
  readonly #peaks: number[]
  readonly #byteTime: { level: number; sum: number }[]
  readonly #lost: Partial<Record<SchedulerErrorCode | 'failed', number>> = {}
  readonly #loaded = new Map<ModelId, number>()
  readonly #everLoaded = new Set<string>()
  readonly #loadingSince = new Map<string, number>()
  #coming: { readonly request: TraceRequest; readonly job: Job } | null = null
  #waiting = 0
  #lastEnd = 0
  #bytesAt = 0
  #hits = 0
  #swaps = { loads: 0, reloads: 0, evictions: 0, preemptions: 0, loadMs: 0 }
  #events = 0

  constructor(parts: ReporterParts) {
    this.#parts = parts
    const { devices } = parts.machine
    this.#fairness = new FairnessMeter(parts.fairnessWindowMs)
    this.#series = new Series(['waiting', 'running', ...devices.map(({ id }) => `bytes ${id}`)])
    this.#bounds = new BoundsMeter(parts.machine, parts.budget.emptyRoom(), parts.backend)
    this.#peaks = devices.map(() => 0)
    this.#byteTime = devices.map(() => ({ level: 0, sum: 0 }))
  }

  /** Requests that are not over. */
  get open(): number {
    return this.#open.size
  }

  /** The request that is about to be submitted: what the scheduler says of it while it is, is about this one. */
  coming(request: TraceRequest, job: Job): void {
    this.#coming = { request, job }
    this.#bounds.add(request)
    for (const tally of this.#talliesOf(request)) tally.requests += 1
    if ((this.#loaded.get(loadedName(request.model, request.purpose)) ?? 0) > 0) this.#hits += 1
  }

  /** The request that was coming was turned away at the door. */
  refused(code: SchedulerErrorCode): void {
    const request = this.#coming?.request
    this.#coming = null
    if (request !== undefined) this.#lose(request, code)
  }

  hear(event: SchedulerEvent): void {
    this.#events += 1
    const { at } = event
    switch (event.type) {
      case 'queued':
        return this.#queued(event.request)
      case 'running':
        return this.#started(event.request, at)
      case 'progress':
        return event.progress.phase === 'decode' ? this.#firstToken(event.request, at) : undefined
      case 'preempted': {
        this.#swaps.preemptions += 1
        const open = this.#open.get(event.request)
        if (open !== undefined) this.#wait(open, at)
        return
      }
      case 'retried': {
        const open = this.#open.get(event.request)
        if (open !== undefined && !open.waiting) this.#wait(open, at)
        return
      }
      case 'finished':
        return this.#finished(event, at)
      case 'refused':
        return this.#ended(event.request, event.code, at)
      case 'cancelled':
      case 'failed':
        return this.#ended(event.request, 'failed', at)
      case 'evicted':
        this.#swaps.evictions += 1
        return
      case 'state':
        return this.#state(event)
      case 'waiting':
      case 'reclassed':
      case 'loading':
      case 'measured':
      case 'draining':
      case 'pinned':
      case 'lost':
      case 'load-failed':
    }
  }

  /** Ends a window of fairness: what the running jobs were served until now belongs to it. */
  closeWindow(): void {
    for (const runner of this.#parts.backend.runners) {
      for (const { job, tokens } of runner.tokensSoFar()) {
        const open = this.#running.get(job)
        if (open !== undefined) this.#serve(open, tokens)
      }
    }
    this.#fairness.close()
  }

  report(now: number): SimulationReport {
    const { backend, machine, oracle, settings, slo } = this.#parts
    this.#passBytes(now)
    this.#series.advance(now)
    const makespanMs = this.#lastEnd
    const known = [...this.#clients].map(([client, tally]) => ({ client, tally }))
    const ranked = known.toSorted((a, b) => b.tally.tokens - a.tally.tokens || (a.client < b.client ? -1 : 1))
    const all = this.#all.outcome()
    return {
      version: 1,
      policy: settings.policy,
      eviction: oracle ? 'farthest-next-use' : settings.eviction,
      machine: machine.name,
      makespanMs: round(makespanMs),
      all,
      byClass: Object.fromEntries(
        CLASSES.flatMap((name) => {
          const tally = this.#classes.get(name)
          return tally === undefined ? [] : [[name, tally.outcome()]]
        }),
      ),
      byClient: [
        ...ranked
          .slice(0, TOP_CLIENTS)
          .map(({ client, tally }): ClientOutcome => ({ client, ...tally.outcome() })),
        ...this.#rest(ranked.slice(TOP_CLIENTS).map(({ tally }) => tally)),
      ],
      clients: known.length,
      lost: this.#lost,
      swaps: this.#swapReport(),
      devices: machine.devices.map((device, i) => ({
        device: device.id,
        name: device.name,
        capacity: device.capacity,
        busy: round(now === 0 ? 0 : backend.shares.busyMs(device.id) / now),
        peakBytes: this.#peaks[i] ?? 0,
        meanBytes: Math.round(now === 0 ? 0 : (this.#byteTime[i]?.sum ?? 0) / now),
      })),
      tokensPerSecond: round(
        makespanMs === 0 ? 0 : ((all.promptTokens + all.decodedTokens) * 1_000) / makespanMs,
      ),
      fairness: this.#fairness.report(),
      slo,
      series: this.#series.report(),
      bounds: this.#bounds.report(),
      events: this.#events,
    }
  }

  #rest(tallies: readonly Tally[]): readonly ClientOutcome[] {
    const rest = Tally.sum([...tallies, this.#others])
    return rest.requests === 0 ? [] : [{ client: OTHERS, ...rest.outcome() }]
  }

  #swapReport(): SwapReport {
    const { requests } = this.#all
    return {
      ...this.#swaps,
      loadMs: round(this.#swaps.loadMs),
      hitRate: round(requests === 0 ? 1 : this.#hits / requests),
    }
  }

  #queued(id: RequestId): void {
    const coming = this.#coming
    if (coming === null) return
    this.#coming = null
    const { request, job } = coming
    const open: Open = {
      request,
      job,
      class: request.class ?? 'normal',
      client: request.client ?? 'local',
      waiting: false,
      startedAt: -1,
      firstAt: -1,
      counted: Math.min(request.cachedTokens ?? 0, request.promptTokens),
    }
    this.#open.set(id, open)
    this.#wait(open, request.at)
  }

  #wait(open: Open, at: number): void {
    open.waiting = true
    this.#running.delete(open.job)
    this.#fairness.queued(open.client, open.class)
    this.#waiting += 1
    this.#levels(at)
  }

  #noLongerWaits(open: Open): void {
    if (!open.waiting) return
    open.waiting = false
    this.#fairness.left(open.client, open.class)
    this.#waiting -= 1
  }

  #started(id: RequestId, at: number): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    this.#noLongerWaits(open)
    if (open.startedAt < 0) open.startedAt = at
    this.#running.set(open.job, open)
    this.#levels(at)
  }

  #firstToken(id: RequestId, at: number): void {
    const open = this.#open.get(id)
    if (open !== undefined && open.firstAt < 0) open.firstAt = at
  }

  #finished({ request: id, metrics }: SchedulerEvent & { type: 'finished' }, at: number): void {
    const open = this.#close(id, at)
    if (open === undefined || metrics === null) return
    const { startedAt, request } = open
    this.#serve(open, metrics.promptTokens + metrics.decodedTokens)
    const ended = {
      arrivedAt: request.at,
      startedAt,
      firstAt: open.firstAt < 0 ? at : open.firstAt,
      endedAt: at,
      metrics,
    }
    const slo = this.#parts.slo[open.class] ?? {}
    for (const tally of this.#talliesOf(request)) tally.finished(ended, slo)
  }

  #ended(id: RequestId, code: SchedulerErrorCode | 'failed', at: number): void {
    const open = this.#close(id, at)
    if (open !== undefined) this.#lose(open.request, code)
  }

  #close(id: RequestId, at: number): Open | undefined {
    const open = this.#open.get(id)
    if (open === undefined) return undefined
    this.#open.delete(id)
    this.#running.delete(open.job)
    this.#noLongerWaits(open)
    this.#lastEnd = at
    this.#levels(at)
    return open
  }

  #lose(request: TraceRequest, code: SchedulerErrorCode | 'failed'): void {
    this.#lost[code] = (this.#lost[code] ?? 0) + 1
    for (const tally of this.#talliesOf(request)) tally.lost()
  }

  #serve(open: Open, tokens: number): void {
    if (tokens <= open.counted) return
    this.#fairness.served(open.client, open.class, tokens - open.counted)
    open.counted = tokens
  }

  #levels(at: number): void {
    this.#series.set(0, this.#waiting, at)
    this.#series.set(1, this.#running.size, at)
  }

  #state(event: SchedulerEvent & { type: 'state' }): void {
    const { at, from, to, runner } = event
    const name = loadedName(event.model, event.purpose)
    if (to === 'loading') {
      this.#swaps.loads += 1
      if (this.#everLoaded.has(name)) this.#swaps.reloads += 1
      this.#everLoaded.add(name)
      this.#loadingSince.set(runner, at)
    } else if (from === 'loading') {
      this.#swaps.loadMs += at - (this.#loadingSince.get(runner) ?? at)
      this.#loadingSince.delete(runner)
      if (to === 'ready') this.#loaded.set(name, (this.#loaded.get(name) ?? 0) + 1)
    } else if (to === 'unloading') {
      this.#loaded.set(name, Math.max(0, (this.#loaded.get(name) ?? 0) - 1))
    }
    // Jobs come and go without a change of memory.
    if (to === 'busy' || from === 'busy') return
    this.#passBytes(at)
    for (const [i, usage] of this.#parts.budget.usage().entries()) {
      const bytes = this.#byteTime[i]
      if (bytes !== undefined) bytes.level = usage.reserved
      this.#peaks[i] = Math.max(this.#peaks[i] ?? 0, usage.reserved)
      this.#series.set(i + 2, usage.reserved, at)
    }
  }

  #passBytes(at: number): void {
    for (const bytes of this.#byteTime) bytes.sum += bytes.level * (at - this.#bytesAt)
    this.#bytesAt = at
  }

  #talliesOf({ class: name = 'normal', client = 'local' }: TraceRequest): readonly Tally[] {
    let ofClass = this.#classes.get(name)
    if (ofClass === undefined) this.#classes.set(name, (ofClass = new Tally()))
    let ofClient = this.#clients.get(client)
    if (ofClient === undefined) {
      if (this.#clients.size < MOST_CLIENTS) this.#clients.set(client, (ofClient = new Tally()))
      else ofClient = this.#others
    }
    return [this.#all, ofClass, ofClient]
  }
}

function loadedName(model: ModelId, purpose: string | undefined): string {
  return `${purpose ?? 'generate'} ${model}`
}
