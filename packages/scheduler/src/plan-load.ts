import {
  formatBytes,
  type DeviceRoom,
  type MemoryProfile,
  type MemorySettings,
  type Placement,
  type Verdict,
} from '@berth/budget'
import { fewest, victims, type EvictionRule } from './eviction.js'
import type { LoadWish } from './request.js'
import { isForeign, label, owes, totalBytes, type RunnerView } from './runner-entry.js'
import { clampContext } from './serves.js'
import type { SchedulerSettings } from './settings.js'

/** The memory as a plan may see it. */
export interface MemoryView {
  /** What is free; with the given runners thought away. */
  room(without: readonly RunnerView[]): readonly DeviceRoom[]
  /** What there would be with nothing of ours loaded. */
  empty(): readonly DeviceRoom[]
  /** The verdict of `place`, with what was learned of the model. */
  place(settings: MemorySettings, room: readonly DeviceRoom[]): Verdict
  /** The answer of `chooseSlots`. */
  slots(settings: MemorySettings, room: readonly DeviceRoom[]): number
}

export interface LoadQuestion<R extends RunnerView> {
  readonly profile: MemoryProfile
  readonly wish: LoadWish
  readonly settings: SchedulerSettings
  readonly runners: readonly R[]
  /** The runner of the same model that this load takes the place of. */
  readonly replaces: R | null
  /** Whether busy runners may be asked to drain where nothing idle helps. */
  readonly mayDrain: boolean
  /** Whether all that a busy runner does would be set aside for this load: it is asked to leave at once. */
  readonly givesWay: (runner: RunnerView) => boolean
  readonly memory: MemoryView
  /** Of those that may leave, the one that is worth least leaves first. */
  readonly eviction: EvictionRule<R>
  readonly now: number
}

/** How a model can be loaded now: who has to leave first (`evict`, idle) or to finish and leave (`drain`, busy). */
export interface LoadPlan<R extends RunnerView> {
  readonly can: 'load'
  readonly memorySettings: MemorySettings
  readonly placement: Placement
  readonly evict: readonly R[]
  readonly drain: readonly R[]
  /** Runners on their way out already, whose memory it counts on. */
  readonly leaving: readonly R[]
}

export type LoadAnswer<R extends RunnerView> =
  | LoadPlan<R>
  /** `hopeful`: it would fit once all that may leave has left, so that room kept for it is not kept in vain. */
  | { readonly can: 'wait'; readonly why: string; readonly hopeful: boolean }
  | { readonly can: 'never'; readonly why: string }

/**
 * The best placement that idle runners can make room for, with the fewest of them evicted that still gives
 * it. A busy runner is not drained for a better placement, only for one at all, and only when allowed.
 */
export function planLoad<R extends RunnerView>(question: LoadQuestion<R>): LoadAnswer<R> {
  const { profile, runners, replaces, memory } = question
  const others = runners.filter((r) => r !== replaces)
  const leaving = others.filter((r) => r.state === 'unloading')
  const gone = replaces === null ? leaving : [...leaving, replaces]
  const settings = loadSettings(question, memory.room(gone))
  if (profile.kind === 'foreign') {
    const verdict = memory.place(settings, [])
    if (!verdict.fits) return { can: 'never', why: verdict.reason }
    return load(question, settings, verdict.placement, leaving, [])
  }
  const idle = victims(others, 'ready', question.eviction).filter((r) => !owes(r, question.now))
  const busy = victims(others, 'busy', question.eviction)
  const yielding = busy.filter(question.givesWay)
  const unyielding = busy.filter((r) => !yielding.includes(r) && !owes(r, question.now))
  const draining = question.mayDrain ? unyielding : []
  const tooMany = surplus(question, others)
  for (const candidates of stages(idle, yielding, draining)) {
    // Fewer slots rather than no load: they are what a load can do without.
    for (const slots of halvings(settings.slots)) {
      const wanted: MemorySettings = { ...settings, slots }
      const best = memory.place(wanted, memory.room([...gone, ...candidates]))
      if (!best.fits || candidates.length < tooMany) continue
      const chosen = fewest(candidates, (some) => {
        if (some.length < tooMany) return false
        const verdict = memory.place(wanted, memory.room([...gone, ...some]))
        return verdict.fits && asGood(verdict.placement, best.placement)
      })
      if (chosen === null) continue
      const verdict = memory.place(wanted, memory.room([...gone, ...chosen]))
      if (verdict.fits) return load(question, wanted, verdict.placement, leaving, chosen)
    }
  }
  return refusal(question, settings, others)
}

/** Each group with all before it; an empty one adds nothing to be tried. */
function stages<T>(first: readonly T[], ...more: readonly (readonly T[])[]): (readonly T[])[] {
  const all: (readonly T[])[] = [first]
  for (const group of more) if (group.length > 0) all.push([...(all.at(-1) ?? []), ...group])
  return all
}

function load<R extends RunnerView>(
  { replaces }: LoadQuestion<R>,
  memorySettings: MemorySettings,
  placement: Placement,
  leaving: readonly R[],
  chosen: readonly R[],
): LoadPlan<R> {
  const asked = replaces === null ? chosen : [...chosen, replaces]
  return {
    can: 'load',
    memorySettings,
    placement,
    evict: asked.filter((r) => r.jobs.size === 0),
    drain: asked.filter((r) => r.jobs.size > 0),
    leaving,
  }
}

/** What to load with, before it is known whether it fits. */
function loadSettings(
  {
    profile,
    wish,
    settings,
    memory,
  }: Pick<LoadQuestion<RunnerView>, 'profile' | 'wish' | 'settings' | 'memory'>,
  free: readonly DeviceRoom[],
): MemorySettings {
  const one: MemorySettings = {
    contextLength: clampContext(wish.contextLength ?? settings.contextLength, profile.trainedContext),
    slots: 1,
    kvType: wish.kvType ?? settings.kvType,
    ...(wish.maxGpuLayers === undefined ? {} : { maxGpuLayers: wish.maxGpuLayers }),
  }
  // How many jobs a foreign engine takes has nothing to do with our memory.
  if (profile.kind === 'foreign' && profile.maxSlots !== undefined) return { ...one, slots: profile.maxSlots }
  const slots = settings.slots > 0 ? settings.slots : memory.slots(one, free)
  return { ...one, slots: Math.min(slots, profile.maxSlots ?? slots) }
}

/** How many runners must leave for the limit on loaded models alone. */
function surplus(
  { settings }: Pick<LoadQuestion<RunnerView>, 'settings'>,
  others: readonly RunnerView[],
): number {
  if (settings.maxLoaded === 0) return 0
  const staying = others.filter(
    (r) => !isForeign(r) && r.state !== 'unloading' && r.state !== 'idle' && r.drain?.end !== 'unload',
  )
  return Math.max(0, staying.length + 1 - settings.maxLoaded)
}

function* halvings(slots: number): Iterable<number> {
  for (let n = slots; n >= 1; n = Math.floor(n / 2)) yield n
}

const RANK = { foreign: 3, gpu: 2, hybrid: 1, cpu: 0 } as const

function asGood(placement: Placement, best: Placement): boolean {
  const rank = RANK[placement.kind] - RANK[best.kind]
  return rank > 0 || (rank === 0 && placement.gpuLayers >= best.gpuLayers)
}

function refusal(
  { memory, settings, now }: Pick<LoadQuestion<RunnerView>, 'memory' | 'settings' | 'now'>,
  wanted: MemorySettings,
  others: readonly RunnerView[],
): LoadAnswer<never> {
  const alone = memory.place({ ...wanted, slots: 1 }, memory.empty())
  if (!alone.fits) {
    const advice = alone.advice.length === 0 ? '' : `; ${alone.advice.join(', or ')}`
    return { can: 'never', why: `${alone.reason}${advice}` }
  }
  const holders = others
    .filter((r) => !isForeign(r) && r.state !== 'idle')
    .map((r) => `${label(r)} (${condition(r, now)}, ${formatBytes(totalBytes(r))})`)
  const limit = settings.maxLoaded > 0 ? ` and at most ${settings.maxLoaded} may be loaded` : ''
  const held = holders.length === 0 ? 'others use it' : `held by ${holders.join(', ')}`
  const needed = alone.placement.bytes.reduce((sum, { bytes }) => sum + bytes, 0)
  const mayLeave = others.filter((r) => !r.pinned && !isForeign(r))
  return {
    can: 'wait',
    why: `waits for memory: needs ${formatBytes(needed)}, ${held}${limit}`,
    hopeful: memory.place({ ...wanted, slots: 1 }, memory.room(mayLeave)).fits,
  }
}

function condition(runner: RunnerView, now: number): string {
  if (runner.pinned) return 'pinned'
  if (owes(runner, now)) return 'just loaded for others'
  if (runner.drain !== null) return 'draining'
  return runner.state === 'ready' ? 'idle' : runner.state
}
