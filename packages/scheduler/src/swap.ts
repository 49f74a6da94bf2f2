import type { Bytes } from '@berth/budget'
import { label, type RunnerView } from './runner-entry.js'
import { seconds } from './seconds.js'

/** What is expected of models, as far as deciding about a swap needs it. */
export interface SwapForecast<R extends RunnerView> {
  /** Milliseconds that loading the newcomer takes. */
  loadMs(bytes: Bytes): number
  /** Milliseconds that it takes to bring a runner back. */
  bringBackMs(runner: R): number
  /** Milliseconds until somebody wants a runner's model: 0 while requests for it wait; null where nothing says that anybody will. Those of the newcomer's own client do not count: it waits for its answer. */
  nextUseInMs(runner: R): number | null
  /** How likely that is within so many milliseconds, from 0 to 1. */
  likelihood(runner: R, withinMs: number): number
}

/** What a swap is weighed by. Milliseconds. */
export interface SwapView<R extends RunnerView> {
  readonly now: number
  /** The longest that the head may wait for the sake of what is loaded. */
  readonly starvationMs: number
  readonly waitedMs: number
  /** The waiting times of all requests for the newcomer, added up, and how many they are. */
  readonly line: { readonly waitedMs: number; readonly waiting: number }
  readonly expected: SwapForecast<R>
}

/** Why a swap is not made yet, and when it will be if nothing else happens. */
export interface HeldBack {
  readonly why: string
  readonly until: number
}

/**
 * Whether a load waits although there would be room for it: because it throws out what is wanted again sooner
 * than both could be loaded. It is the rent-or-buy problem, and answered like it: the swap is made once those who
 * wait for it have waited, all together, as long as it costs (to load the newcomer, and to bring back what leaves,
 * as likely as it is wanted); so it costs at most twice what it would for one who knows the future. At the
 * latest it is made when the head has waited for `starvationMs`.
 */
export function holdBack<R extends RunnerView>(
  view: SwapView<R>,
  leaving: readonly R[],
  bytes: Bytes,
): HeldBack | null {
  const { expected, line } = view
  if (leaving.length === 0 || view.waitedMs >= view.starvationMs) return null
  const loadMs = expected.loadMs(bytes)
  const swapMs = leaving.reduce((sum, runner) => sum + expected.bringBackMs(runner), loadMs)
  let cost = loadMs
  let soonest: { readonly runner: R; readonly inMs: number } | null = null
  for (const runner of leaving) {
    const inMs = expected.nextUseInMs(runner)
    if (inMs === null || inMs > swapMs) continue
    cost += expected.bringBackMs(runner) * expected.likelihood(runner, swapMs)
    if (soonest === null || inMs < soonest.inMs) soonest = { runner, inMs }
  }
  if (soonest === null || line.waitedMs >= cost) return null
  const { runner, inMs } = soonest
  const wanted = inMs === 0 ? 'is wanted now' : `is wanted again in ${seconds(inMs)}`
  const pays = (cost - line.waitedMs) / Math.max(1, line.waiting)
  return {
    why: `holds the swap back: ${label(runner)} ${wanted}, the swap costs ${seconds(cost)}, ${seconds(line.waitedMs)} waited so far`,
    until: view.now + Math.min(pays, view.starvationMs - view.waitedMs),
  }
}
