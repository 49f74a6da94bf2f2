import { formatBytes } from '@berth/budget'
import type { Clock } from './clock.js'
import type { Forecast } from './forecast/forecast.js'
import { isForeign, isWanted, totalBytes, type RunnerEntry, type RunnerView } from './runner-entry.js'
import { seconds } from './seconds.js'
import type { EvictionName } from './settings.js'

const HOUR = 3_600_000

/** Which of the runners that may leave goes first, and why. */
export interface EvictionRule<R> {
  /** The least goes first. */
  worth(runner: R): number
  /** "least recently used, idle 42 s, frees 3.1 GiB". */
  why(runner: R): string
}

/**
 * `lru`: who was used last stays longest. `cost`: what a runner's memory saves, in milliseconds of loading for each
 * millisecond and byte that it stays: how long it takes to bring back, times how often it is wanted, by its size,
 * as GreedyDual-Size weighs its pages (Cao and Irani, USITS 1997). Either way, who is wanted now goes last.
 */
export function evictionRule(
  name: EvictionName,
  forecast: Forecast,
  clock: Clock,
): EvictionRule<RunnerEntry> {
  const state = (runner: RunnerEntry) =>
    runner.state === 'ready' ? `idle ${seconds(clock.now() - runner.lastUsed)}` : 'drained'
  if (name === 'lru') {
    return {
      worth: (runner) => (isWanted(runner) ? Infinity : runner.lastUsed),
      why: (runner) => `least recently used, ${state(runner)}, ${frees(runner)}`,
    }
  }
  return {
    worth: (runner) => {
      const bytes = totalBytes(runner)
      const saves = forecast.loadMs(runner, bytes) * forecast.rate(runner, clock.now())
      return isWanted(runner) ? Infinity : saves / Math.max(1, bytes)
    },
    why: (runner) => {
      const load = seconds(forecast.loadMs(runner, totalBytes(runner)))
      const anHour = forecast.rate(runner, clock.now()) * HOUR
      const often = anHour < 10 ? anHour.toFixed(1) : Math.round(anHour)
      return `cheapest to bring back for what it frees (${load} to load, wanted ${often} times an hour), ${state(runner)}, ${frees(runner)}`
    },
  }
}

function frees(runner: RunnerEntry): string {
  return `frees ${formatBytes(totalBytes(runner))}`
}

/** Runners that may be asked to leave, in the order in which they should: unpinned, our own memory, not on their way already. */
export function victims<R extends RunnerView>(
  runners: Iterable<R>,
  state: 'ready' | 'busy',
  rule: EvictionRule<R>,
): readonly R[] {
  return [...runners]
    .filter((r) => r.state === state && !r.pinned && !isForeign(r) && r.drain?.end !== 'unload')
    .map((runner) => ({ runner, worth: rule.worth(runner) }))
    .toSorted((a, b) => (a.worth === b.worth ? 0 : a.worth - b.worth))
    .map(({ runner }) => runner)
}

/**
 * The fewest of the candidates, taken from the front, with which `enough` holds, less those of them that
 * turn out not to be needed (a small early one, once a big later one makes the room). Null where not even
 * all of them are enough. `enough` must not turn false by a further candidate.
 */
export function fewest<T>(
  candidates: readonly T[],
  enough: (chosen: readonly T[]) => boolean,
): readonly T[] | null {
  let chosen: readonly T[] = []
  for (const candidate of candidates) {
    if (enough(chosen)) break
    chosen = [...chosen, candidate]
  }
  if (!enough(chosen)) return null
  for (const candidate of chosen) {
    const without = chosen.filter((other) => other !== candidate)
    if (enough(without)) chosen = without
  }
  return chosen
}
