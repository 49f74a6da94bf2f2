import { LearnedMemory, MemoryBudget } from '@berth/budget'
import { SchedulerError } from '../errors.js'
import type { SchedulerEvent } from '../events.js'
import { Scheduler } from '../scheduler.js'
import { DEFAULT_SETTINGS, type SchedulerSettings } from '../settings.js'
import type { SignalLike } from '../signal.js'
import type { Snapshot } from '../snapshot.js'
import type { MachineModel } from './machine.js'
import { DEFAULT_SLO, type SimulationReport, type SloByClass } from './report.js'
import { Reporter } from './reporter.js'
import { requestOf } from './simulated-job.js'
import { Oracle, readFuture } from './oracle.js'
import { SimulatedBackend } from './simulated-backend.js'
import type { TraceLine, TraceRequest } from './trace.js'
import { VirtualClock } from './virtual-clock.js'

/** The lines of a trace, once more from the beginning at every call. */
export type TraceSource = () => Iterable<TraceLine> | AsyncIterable<TraceLine>

export interface SimulationOptions {
  readonly trace: TraceSource
  readonly machine: MachineModel
  /** What differs from the defaults. The cores are the machine's unless they are named. */
  readonly settings?: Partial<SchedulerSettings>
  /** What is promised to each class, to see how often it is kept. */
  readonly slo?: SloByClass
  /** Length of the windows in which clients' shares are compared, in milliseconds. */
  readonly fairnessWindowMs?: number
  /**
   * Evicts by what the trace says of the future, farthest next use first (Belady, 1966), whatever the settings say
   * of eviction, and keeps idle models as long as nobody needs their room. For it the trace is read twice.
   */
  readonly oracle?: boolean
  /** Hears everything that happens, as it happens. It must not throw. */
  readonly observe?: (moment: Moment) => void
  /** Ends the simulation before its time: it then rejects with the signal's reason. */
  readonly signal?: SignalLike
}

/** Something that happened, and a look at the scheduler right after it. */
export interface Moment {
  readonly event: SchedulerEvent
  readonly snapshot: () => Snapshot
}

const FAIRNESS_WINDOW_MS = 10_000

/**
 * Runs a trace through the real scheduler on a modelled machine, in virtual time.
 * @throws RangeError for a machine or settings that are none, an Error for a trace that is none.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { machine, signal } = options
  const clock = new VirtualClock()
  const oracle = options.oracle === true ? new Oracle(await readFuture(options.trace()), clock) : null
  const settings: SchedulerSettings = {
    ...DEFAULT_SETTINGS,
    cores: machine.cores,
    ...options.settings,
    ...(oracle === null ? {} : { keepAliveMs: -1, keepAlive: 'fixed' }),
  }
  const backend = new SimulatedBackend(clock, machine)
  const budget = new MemoryBudget(machine.devices, { margin: machine.margin ?? {} })
  const scheduler = new Scheduler({
    backends: [backend],
    budget,
    learned: new LearnedMemory(),
    clock,
    settings,
    ...(oracle === null ? {} : { eviction: oracle }),
  })
  const fairnessWindowMs = options.fairnessWindowMs ?? FAIRNESS_WINDOW_MS
  const reporter = new Reporter({
    backend,
    budget,
    machine,
    settings,
    slo: options.slo ?? DEFAULT_SLO,
    fairnessWindowMs,
    oracle: oracle !== null,
  })
  const { observe } = options
  scheduler.on((event) => {
    reporter.hear(event)
    oracle?.hear(event)
    observe?.({ event, snapshot: () => scheduler.snapshot() })
  })
  const closeWindows = (): void => {
    clock.at(clock.now() + fairnessWindowMs, () => {
      reporter.closeWindow()
      closeWindows()
    })
  }
  closeWindows()

  /** Lets everything happen that comes before a moment. */
  const passUntil = async (at: number): Promise<void> => {
    for (let next = clock.nextAt; next !== undefined && next <= at; next = clock.nextAt) {
      clock.runNext()
      await clock.settle()
    }
    clock.advanceTo(at)
  }

  let endsAt = 0
  for await (const line of options.trace()) {
    if (signal?.aborted === true) throw signal.reason
    if (line.type === 'model') backend.add(line)
    else if (line.type === 'end') endsAt = line.at
    else if (line.type === 'request') {
      await passUntil(line.at)
      const request = requestOf(oracle === null ? line : withoutKeepAlive(line))
      if (request.job !== undefined) reporter.coming(line, request.job)
      try {
        scheduler.submit(request)
      } catch (error) {
        if (!(error instanceof SchedulerError)) throw error
        reporter.refused(error.code)
        oracle?.turnedAway(line.model, line.purpose ?? 'generate')
      }
      await clock.settle()
    }
  }
  while (reporter.open > 0) {
    if (signal?.aborted === true) throw signal.reason
    if (!clock.runNext())
      throw new Error(`The simulation stands still with ${reporter.open} requests that are not over`)
    await clock.settle()
  }
  if (endsAt > clock.now()) await passUntil(endsAt)
  return reporter.report(clock.now())
}

/** The oracle knows better than a request how long its model should stay. */
function withoutKeepAlive(line: TraceRequest): TraceRequest {
  const { keepAliveMs: _unused, ...rest } = line
  return rest
}
