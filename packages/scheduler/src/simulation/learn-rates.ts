import type { DeviceId, Tokens } from '@berth/budget'
import type { ModelId } from '../backend.js'
import type { RunnerId, SchedulerEvent } from '../events.js'
import type { RequestId } from '../request.js'
import type { RunnerSnapshot } from '../snapshot.js'
import { LeastSquares } from './least-squares.js'
import type { ModelRates } from './trace.js'

/** Loads of a model that are remembered; their median is taken. */
const LOADS = 99

/** How much of everything there was on a runner until some moment; the difference of two is what there was between. */
interface Meter {
  /** Milliseconds of its own: with so many runners computing on its devices, so small a part of each. */
  ms: number
  /** Those, each times how many of its jobs decoded then. */
  decodingMs: number
  /** Tokens of prompts that it computed. */
  prompted: Tokens
}

interface JobSeen {
  phase: 'prompt' | 'decode'
  /** The meter when its phase began. */
  from: Meter
  /** Its prompt so far; null before its first report, which tells what is remembered and not computed. */
  promptAt: Tokens | null
  promptLength: Tokens
  /** Tokens that it had decoded when its decoding was first told of. */
  decoded: Tokens
}

interface RunnerSeen {
  readonly model: ModelId
  readonly devices: readonly DeviceId[]
  readonly jobs: Map<RequestId, JobSeen>
  /** When its meter was last read. */
  at: number
  readonly meter: Meter
  /** Milliseconds of its load so far; null before its first sign of life, for until then it may wait for memory, and after it. */
  loadedMs: number | null
}

interface ModelSeen {
  /** By decode steps, sequences in them, and tokens of prompts. */
  readonly fit: LeastSquares
  readonly loads: number[]
}

/**
 * Learns how fast models are from the events of a real run. How long an answer took is explained by its decode
 * steps, the sequences that were in them, and the tokens of other prompts that were computed meanwhile; how long
 * a prompt took, where nobody decoded, by the tokens of prompts that were computed. Each has a factor, found by least
 * squares. Where several runners compute on one device at a time, each is taken to have its part of it.
 */
export class RateLearner {
  readonly #runners = new Map<RunnerId, RunnerSeen>()
  /** The runner that has each request. */
  readonly #holders = new Map<RequestId, RunnerSeen>()
  readonly #models = new Map<ModelId, ModelSeen>()

  /** To be called first, with what is loaded already. */
  begin(runners: readonly RunnerSnapshot[], at: number): void {
    for (const { id, model, bytes } of runners)
      this.#add(
        id,
        model,
        bytes.map(({ device }) => device),
        at,
      )
  }

  /** To be called with every event of the scheduler, in order. */
  hear(event: SchedulerEvent): void {
    switch (event.type) {
      case 'state':
        return this.#state(event)
      case 'loading': {
        const runner = this.#runners.get(event.runner)
        this.#pass(event.at)
        if (runner !== undefined) runner.loadedMs ??= 0
        return
      }
      case 'running': {
        const runner = this.#runners.get(event.runner)
        if (runner === undefined) return
        this.#pass(event.at)
        // What a job that goes on computes, and what it brings along, is not told.
        if (event.resumed !== true) {
          const from = { ...runner.meter }
          runner.jobs.set(event.request, {
            phase: 'prompt',
            from,
            promptAt: null,
            promptLength: 0,
            decoded: 0,
          })
          this.#holders.set(event.request, runner)
        }
        return
      }
      case 'progress':
        return this.#progress(event)
      case 'finished': {
        const runner = this.#holders.get(event.request)
        const job = runner?.jobs.get(event.request)
        if (runner !== undefined && job !== undefined && event.metrics !== null) {
          this.#pass(event.at)
          if (job.phase === 'prompt') this.#promptEnds(runner, job, event.metrics.promptTokens)
          else this.#answered(runner, job, event.metrics.decodedTokens)
        }
        return this.#over(event.request, event.at)
      }
      case 'cancelled':
      case 'failed':
      case 'preempted':
      case 'retried':
        return this.#over(event.request, event.at)
      case 'queued':
      case 'waiting':
      case 'reclassed':
      case 'refused':
      case 'measured':
      case 'draining':
      case 'evicted':
      case 'pinned':
      case 'lost':
      case 'load-failed':
        return undefined
    }
  }

  /** Models that were seen, with what was learned of them. */
  *rates(): Iterable<readonly [ModelId, ModelRates]> {
    for (const [model, { fit, loads }] of this.#models) {
      const [stepMs = 0, sequenceMs = 0, promptTokenMs = 0] = fit.solve() ?? []
      const loadMs = median(loads)
      yield [
        model,
        {
          ...(loadMs === undefined ? {} : { loadMs }),
          // Embeddings have no decode steps, and say nothing of how long one takes.
          ...(stepMs + sequenceMs > 0 ? { stepMs, sequenceMs } : {}),
          ...(promptTokenMs > 0 ? { promptTokenMs } : {}),
        },
      ]
    }
  }

  #add(id: RunnerId, model: ModelId, devices: readonly DeviceId[], at: number): void {
    const meter = { ms: 0, decodingMs: 0, prompted: 0 }
    this.#runners.set(id, { model, devices, jobs: new Map(), at, meter, loadedMs: null })
  }

  #state(event: SchedulerEvent & { type: 'state' }): void {
    const { runner: id, model, at, placement } = event
    if (event.to === 'loading')
      return this.#add(
        id,
        model,
        (placement?.bytes ?? []).map(({ device }) => device),
        at,
      )
    const runner = this.#runners.get(id)
    if (runner === undefined) return
    if (event.from === 'loading') {
      this.#pass(at)
      const { loads } = this.#model(model)
      if (event.to === 'ready' && runner.loadedMs !== null) loads.push(runner.loadedMs)
      if (loads.length > LOADS) loads.shift()
      runner.loadedMs = null
    }
    if (event.to === 'idle') this.#runners.delete(id)
  }

  #progress({ request, progress, at }: SchedulerEvent & { type: 'progress' }): void {
    const runner = this.#holders.get(request)
    const job = runner?.jobs.get(request)
    if (runner === undefined || job === undefined || progress.phase === 'waiting') return
    this.#pass(at)
    if (progress.phase === 'prompt') {
      runner.meter.prompted += Math.max(0, progress.tokens - (job.promptAt ?? progress.tokens))
      job.promptAt = progress.tokens
      job.promptLength = progress.of
      return
    }
    if (job.phase === 'decode') return
    this.#promptEnds(runner, job, job.promptLength)
    job.phase = 'decode'
    job.from = { ...runner.meter }
    job.decoded = progress.tokens
  }

  #promptEnds({ model, meter }: RunnerSeen, job: JobSeen, length: Tokens): void {
    meter.prompted += Math.max(0, length - (job.promptAt ?? length))
    const { ms, decoding, prompted } = between(job.from, meter)
    // Beside others' decode steps it is not told how many there were.
    if (decoding === 0 && prompted > 0) this.#learn(model, [0, 0, prompted], ms)
  }

  #answered({ model, meter }: RunnerSeen, job: JobSeen, decoded: Tokens): void {
    const { ms, decoding, prompted } = between(job.from, meter)
    const steps = decoded - job.decoded
    if (steps > 0) this.#learn(model, [steps, steps * decoding, prompted], ms)
  }

  #learn(model: ModelId, parts: readonly number[], ms: number): void {
    // What varies in a time grows with it.
    if (ms > 0) this.#model(model).fit.add(parts, ms, 1 / ms)
  }

  /** Reads all meters: who computes has its part of its devices, who loads of the disk. */
  #pass(now: number): void {
    const busy = [...this.#runners.values()].filter(({ jobs }) => jobs.size > 0)
    for (const runner of busy) {
      const sharing = busy.filter((other) => other.devices.some((device) => runner.devices.includes(device)))
      const decoding = [...runner.jobs.values()].filter(({ phase }) => phase === 'decode')
      const own = (now - runner.at) / Math.max(1, sharing.length)
      runner.meter.ms += own
      runner.meter.decodingMs += own * decoding.length
    }
    const loading = [...this.#runners.values()].filter(({ loadedMs }) => loadedMs !== null)
    for (const runner of loading)
      runner.loadedMs = (runner.loadedMs ?? 0) + (now - runner.at) / loading.length
    for (const runner of this.#runners.values()) runner.at = now
  }

  #over(request: RequestId, at: number): void {
    const runner = this.#holders.get(request)
    if (runner === undefined) return
    this.#pass(at)
    runner.jobs.delete(request)
    this.#holders.delete(request)
  }

  #model(model: ModelId): ModelSeen {
    let seen = this.#models.get(model)
    if (seen === undefined) {
      seen = { fit: new LeastSquares(3), loads: [] }
      this.#models.set(model, seen)
    }
    return seen
  }
}

/** What there was between two readings: time, sequences that decoded in it on average, tokens of prompts. */
function between(
  from: Meter,
  to: Meter,
): { readonly ms: number; readonly decoding: number; readonly prompted: Tokens } {
  const ms = to.ms - from.ms
  if (ms <= 0) return { ms: 0, decoding: 0, prompted: 0 }
  return { ms, decoding: (to.decodingMs - from.decodingMs) / ms, prompted: to.prompted - from.prompted }
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}
