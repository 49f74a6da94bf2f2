import type { RequestRecord } from '../request-record.js'
import { totalBytes, type RunnerEntry, type RunningJob } from '../runner-entry.js'
import type { Line } from '../line.js'
import type { Forecast, Work } from './forecast.js'

/**
 * Milliseconds until a request would start that has so many before it in its model's line: until what is loaded
 * or loading has a free slot, and as long as those before it take there. Null while nothing is known to reckon
 * it from: before the first job ended, and where the model waits for memory that nobody's end will bring.
 * @param runners all that are loaded, for a model that waits for their memory.
 */
function waitMs(
  forecast: Forecast,
  line: Line,
  ahead: number,
  now: number,
  runners: Iterable<RunnerEntry>,
): number | null {
  const jobMs = forecast.jobMs(line)
  const { runner } = line
  if (runner === null) {
    const memoryInMs = memoryMs(forecast, now, runners)
    if (memoryInMs === null || (jobMs === null && ahead > 0)) return null
    return memoryInMs + forecast.loadMs(line, line.known?.info.bytes ?? 0) + ahead * (jobMs ?? 0)
  }
  const { slots } = runner.spec
  if (runner.state === 'loading') {
    if (jobMs === null && ahead >= slots) return null
    return loadLeft(forecast, runner, now) + Math.floor(ahead / slots) * (jobMs ?? 0)
  }
  const free = slots - runner.jobs.size
  if (free > ahead && runner.drain === null) return 0
  if (jobMs === null) return null
  const left = [...runner.jobs.values()].map((job) => leftMs(forecast, job, now)).toSorted((a, b) => a - b)
  // The slots come free one after the other, and round and round.
  const turns = ahead - free
  const round = Math.floor(turns / slots)
  return (left[turns % slots] ?? left.at(-1) ?? 0) + round * jobMs
}

/** Milliseconds until a waiting request is expected to start; null while nothing is known to reckon it from. */
export function startsInMs(
  forecast: Forecast,
  record: RequestRecord,
  now: number,
  runners: Iterable<RunnerEntry>,
): number | null {
  return waitMs(forecast, record.line, record.line.waiting.rank(record), now, runners)
}

/** Milliseconds until a request that waits or runs is expected to be over; null while nothing is known to reckon it from. */
export function endsInMs(
  forecast: Forecast,
  record: RequestRecord,
  now: number,
  runners: Iterable<RunnerEntry>,
): number | null {
  for (const runner of record.line.runners) {
    const job = runner.jobs.get(record.id)
    if (job !== undefined) return leftMs(forecast, job, now)
  }
  const startsIn = startsInMs(forecast, record, now, runners)
  return startsIn === null ? null : startsIn + workOf(forecast, record).ms
}

function loadLeft(forecast: Forecast, runner: RunnerEntry, now: number): number {
  const took = now - runner.since
  const { progress } = runner
  const all = Math.max(forecast.loadMs(runner, totalBytes(runner)), took)
  // A progress that is told is better than an average, once it is past its beginning.
  if (progress !== null && progress.fraction > 0.1)
    return Math.min(all - took, took / progress.fraction - took)
  return all - took
}

/** By what is known now, which may be more than at its arrival. */
function workOf(forecast: Forecast, { request, work }: RequestRecord): Work {
  return forecast.work(request, work.promptTokens)
}

/** A running job's time to its end. */
function leftMs(forecast: Forecast, { record, progress, since }: RunningJob, now: number): number {
  const work = workOf(forecast, record)
  if (progress?.phase === 'decode') {
    // One that is past what was expected of it is taken to need a tenth more.
    const left = Math.max(work.decodeTokens - progress.tokens, progress.tokens / 10)
    return forecast.computeMs(record.request, 0, left)
  }
  return Math.max(work.ms - (now - since), work.ms / 10)
}

/** Until the first busy runner is idle; 0 where one is idle already or none is loaded. */
function memoryMs(forecast: Forecast, now: number, runners: Iterable<RunnerEntry>): number | null {
  let least: number | null = null
  for (const runner of runners) {
    if (runner.pinned || runner.state === 'idle') continue
    if (runner.state !== 'busy') return 0
    const longest = Math.max(...[...runner.jobs.values()].map((job) => leftMs(forecast, job, now)))
    least = Math.min(least ?? Infinity, longest)
  }
  return least ?? 0
}
