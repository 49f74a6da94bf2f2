import type { MemoryProfile } from '@berth/budget'
import type { ModelId } from './backend.js'
import type { SchedulerErrorCode } from './errors.js'
import type { EvictionRule } from './eviction.js'
import { mayMoveUp, moveUpBeside } from './move-up.js'
import { planLoad, type LoadPlan, type MemoryView } from './plan-load.js'
import { allGiveWay, chooseVictim, giveWayAt, yetToPark, type PreemptionView } from './preempt.js'
import type { LoadWish, RequestId } from './request.js'
import { label, usesCores, type RunnerView } from './runner-entry.js'
import { misfit } from './serves.js'
import { seconds } from './seconds.js'
import { holdBack, type HeldBack, type SwapForecast } from './swap.js'

/** All that a decision depends on: the request at the head of a line, and everything loaded. */
export interface DecisionView<R extends RunnerView> extends PreemptionView {
  readonly model: ModelId
  readonly revision: string
  readonly profile: MemoryProfile
  readonly wish: LoadWish
  /** False: the request wants the model loaded and no more, which takes no slot. */
  readonly hasJob: boolean
  readonly waitedMs: number
  /** An older request's model that has run out of patience for memory; null where there is none. */
  readonly roomIsKeptFor: ModelId | null
  /** The runner that serves this line, loaded or loading. */
  readonly mine: R | null
  /** All runners, the line's own among them. */
  readonly runners: Iterable<R>
  readonly memory: MemoryView
  /** The waiting times of all that wait in this line, added up, in milliseconds, and how many they are. */
  readonly line: { readonly waitedMs: number; readonly waiting: number }
  readonly expected: SwapForecast<R>
  /** Of those that may leave, the one that is worth least leaves first. */
  readonly eviction: EvictionRule<R>
}

/** What the head of a line waits for; it is looked at again when that may have come. */
export type WaitFor = 'model' | 'load' | 'slot' | 'memory' | 'cores'

/** What to do about the head of a line, with the reason in words. */
export type Decision<R extends RunnerView> =
  | { readonly do: 'run'; readonly why: string }
  | { readonly do: 'load'; readonly plan: LoadPlan<R>; readonly why: string }
  /** Let a runner take no new work until it is idle, so that its cores come free. */
  | { readonly do: 'rest'; readonly runner: R; readonly why: string }
  /** Have jobs set aside: one for its slot, or all of a runner that leaves or rests, for its memory or core. */
  | {
      readonly do: 'preempt'
      readonly runner: R
      readonly requests: readonly RequestId[]
      readonly why: string
    }
  | {
      readonly do: 'wait'
      readonly for: WaitFor
      readonly why: string
      /** Past its patience, and room will come: until then no younger request may take what comes free. */
      readonly keepsRoom?: boolean
      /** Clock milliseconds at which time alone changes it. */
      readonly until?: number
    }
  | { readonly do: 'refuse'; readonly code: SchedulerErrorCode; readonly why: string }

/**
 * 1. A runner of the model serves the request:
 *    1.1 it is loading, after batch work leaves  → preempt that, for interactive work; wait for it
 *    1.2 the request needs no slot              → run
 *    1.3 it rests for another's sake            → wait for its turn
 *    1.4 all its slots are taken                → preempt batch work for interactive, else load it anew where it
 *                                                 would be wholly on the GPU and is not, else wait for one
 *    1.5 it is idle and no core is left for it  → wait, after a while have a busy runner rest; at once, and its
 *                                                 jobs preempted, where batch work has the core of interactive
 *    1.6 else                                   → run
 * 2. There is none, or it does not serve the request (it is then replaced):
 *    2.1 no core is left to load it on          → as 1.5
 *    2.2 room is kept for one that waits longer → wait
 *    2.3 what would leave is wanted again soon   → wait, until the waiting costs as much as the swap
 *    2.4 it fits, evicting idle runners         → load
 *    2.5 it fits, draining busy ones            → after a while load, until then wait; at once where only batch
 *                                                 work is in the way of interactive
 *    2.6 it cannot fit on this machine          → refuse
 */
export function decide<R extends RunnerView>(view: DecisionView<R>): Decision<R> {
  const { mine, profile, revision, wish } = view
  const { trainedContext } = profile
  const unfit = mine === null ? null : misfit(mine.spec, { revision, wish, trainedContext })
  return mine !== null && unfit === null ? useRunner(view, mine) : loadRunner(view, unfit)
}

function useRunner<R extends RunnerView>(view: DecisionView<R>, mine: R): Decision<R> {
  if (mine.state === 'loading') {
    const until = giveWayAt(view, mine.after)
    return firstToClear(view, mine) ?? { do: 'wait', for: 'load', why: loadingWhy(mine), until }
  }
  if (!view.hasJob) return { do: 'run', why: `${label(mine)} is loaded` }
  if (mine.drain !== null) return { do: 'wait', for: 'slot', why: `${label(mine)} ${mine.drain.why}` }
  const { slots } = mine.spec
  if (mine.jobs.size >= slots) {
    const giving = chooseVictim(view, mine)
    if (giving !== null && 'victim' in giving) {
      const { id } = giving.victim.record
      const why = `gives its slot to ${view.request.id}: interactive work goes before batch work`
      return { do: 'preempt', runner: mine, requests: [id], why }
    }
    if (giving !== null) {
      const how = giving.cancelled ? 'leaves' : 'gives away'
      return { do: 'wait', for: 'slot', why: `waits for the slot that ${giving.coming} ${how}` }
    }
    const up = upwards(view, mine)
    if (up !== null) return up
    const which = slots === 1 ? 'the one slot' : `all ${slots} slots`
    const why = `${which} of ${label(mine)} ${slots === 1 ? 'is' : 'are'} taken`
    // Where there is a faster place, what comes free there matters as well.
    const what = mayMoveUp(mine, view.memory) ? 'memory' : 'slot'
    return { do: 'wait', for: what, why, until: giveWayAt(view, [mine]) }
  }
  if (mine.jobs.size === 0 && usesCores(mine)) {
    const crowded = crowding(view)
    if (crowded !== null) return crowded
  }
  return { do: 'run', why: `${label(mine)} is loaded, slot ${mine.jobs.size + 1} of ${slots}` }
}

/** A place wholly on the GPU for a line whose runner has all its slots taken elsewhere; it is then let go of. */
function upwards<R extends RunnerView>(view: DecisionView<R>, mine: R): Decision<R> | null {
  // Asked for whoever finds all slots taken: most models have no better place to go.
  if (view.roomIsKeptFor !== null || !mayMoveUp(mine, view.memory)) return null
  const runners = [...view.runners]
  const plan = moveUpBeside(
    { ...view, runners, replaces: null, mayDrain: false, givesWay: () => false },
    mine,
  )
  if (plan === null || heldBack(view, plan) !== null) return null
  return { do: 'load', plan, why: `moves up: ${plan.placement.reason}` }
}

function loadRunner<R extends RunnerView>(view: DecisionView<R>, unfit: string | null): Decision<R> {
  const plan = planLoad({
    ...view,
    runners: [...view.runners],
    replaces: view.mine,
    mayDrain: view.waitedMs >= view.settings.patienceMs,
    givesWay: (runner) => allGiveWay(view, runner),
  })
  switch (plan.can) {
    case 'never':
      return { do: 'refuse', code: 'cannot-fit', why: `${view.model} cannot be loaded: ${plan.why}` }
    case 'wait':
      return {
        do: 'wait',
        for: 'memory',
        why: plan.why,
        keepsRoom: plan.hopeful && view.waitedMs >= view.settings.patienceMs,
        until: giveWayAt(view, view.runners),
      }
    case 'load': {
      const { placement } = plan
      if (view.roomIsKeptFor !== null && placement.kind !== 'foreign') {
        return {
          do: 'wait',
          for: 'memory',
          why: `what comes free is kept for ${view.roomIsKeptFor}, which waits longer`,
        }
      }
      const held = heldBack(view, plan)
      if (held !== null) return { do: 'wait', for: 'memory', ...held }
      if (placement.kind === 'cpu' || placement.kind === 'hybrid') {
        const crowded = crowding(view)
        // Batch work gives its core away once the model is loaded: until then it may as well go on.
        const gives = crowded?.do === 'rest' && allGiveWay(view, crowded.runner)
        if (crowded !== null && !gives) return crowded
      }
      return { do: 'load', plan, why: `${unfit ?? 'not loaded'}: ${placement.reason}` }
    }
  }
}

/** Whether a plan throws out what is worth waiting for; batch work that gives way to this request is not. */
function heldBack<R extends RunnerView>(view: DecisionView<R>, plan: LoadPlan<R>): HeldBack | null {
  const leaving = [...plan.evict, ...plan.drain].filter((r) => r !== view.mine && !allGiveWay(view, r))
  const bytes = plan.placement.bytes.reduce((sum, each) => sum + each.bytes, 0)
  return holdBack({ ...view, starvationMs: view.settings.starvationMs }, leaving, bytes)
}

/**
 * Waiting for a core, or null where one is left: of runners that compute on the CPU, no more are busy at a
 * time than there are cores. Loading ones do not count, so that no load delays another model's request.
 */
function crowding<R extends RunnerView>(view: DecisionView<R>): Decision<R> | null {
  const working = [...view.runners].filter((r) => r !== view.mine && usesCores(r) && r.state === 'busy')
  const { cores } = view.settings
  if (working.length < cores) return null
  const names = working.map(label).join(', ')
  const why = `waits for a core: ${cores === 1 ? 'the one core is' : `all ${cores} cores are`} with ${names}`
  const resting = working.find((r) => r.drain !== null)
  if (resting !== undefined) return clear(view, resting) ?? { do: 'wait', for: 'cores', why }
  const yielding = working.find((r) => allGiveWay(view, r))
  if (yielding !== undefined) {
    const rests = `gives its core to ${view.request.id}: interactive work goes before batch work`
    return { do: 'rest', runner: yielding, why: rests }
  }
  if (view.waitedMs < view.settings.patienceMs) return { do: 'wait', for: 'cores', why }
  const [longest] = working.toSorted((a, b) => a.lastIdle - b.lastIdle)
  if (longest === undefined) return { do: 'wait', for: 'cores', why }
  return {
    do: 'rest',
    runner: longest,
    why: `takes no new work until it is idle: ${view.model} has waited ${seconds(view.waitedMs)} for a core`,
  }
}

/** Has the first that gives way of those set aside whose place a load takes. */
function firstToClear<R extends RunnerView>(view: DecisionView<R>, mine: R): Decision<R> | null {
  if (mine.after.size === 0) return null
  for (const runner of view.runners) {
    const clearing = mine.after.has(runner) ? clear(view, runner) : null
    if (clearing !== null) return clearing
  }
  return null
}

/** Sets aside what a runner still does that takes no new work, if all of it gives way; null where there is nothing to be done. */
function clear<R extends RunnerView>(view: DecisionView<R>, runner: R): Decision<R> | null {
  if (runner.state !== 'busy' || !allGiveWay(view, runner)) return null
  const requests = yetToPark(runner)
  if (requests.length === 0) return null
  return { do: 'preempt', runner, requests, why: `gives way to ${view.request.id}, for ${view.model}` }
}

function loadingWhy(mine: RunnerView): string {
  const { progress, begun, after } = mine
  if (progress !== null) return `${label(mine)} is loading: ${Math.floor(progress.fraction * 100)}%`
  if (begun) return `${label(mine)} is loading`
  if (after.size === 0) return `${label(mine)} waits for memory that others use`
  const leaving = [...after].map(
    (r) => `${label(r)} ${r.state === 'unloading' ? 'leaves' : 'finishes and leaves'}`,
  )
  return `${label(mine)} is loaded once ${leaving.join(' and ')}`
}
