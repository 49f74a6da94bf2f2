import type { MemoryBudget } from '@berth/budget'
import type { LoadSpec } from './backend.js'
import type { KnownModel, Line } from './line.js'
import type { LoadPlan } from './plan-load.js'
import type { LoadWish } from './request.js'
import { label, type RunnerEntry } from './runner-entry.js'
import { Abort } from './signal.js'

/**
 * Claims the memory of a plan and makes the runner that will hold it. The claim comes after those that have
 * to leave, so that nobody else gets what they free. Null where the budget says no after all.
 */
export function newEntry(options: {
  readonly id: string
  readonly now: number
  readonly line: Line
  readonly known: KnownModel
  readonly wish: LoadWish
  readonly plan: LoadPlan<RunnerEntry>
  readonly budget: MemoryBudget
  readonly keepAliveMs: number
  /** Whether a request gave that. */
  readonly keepAliveGiven: boolean
  readonly pinned: boolean
}): RunnerEntry | null {
  const { line, known, plan, now } = options
  const after = [...plan.evict, ...plan.drain, ...plan.leaving]
  const { contextLength, slots, kvType } = plan.memorySettings
  const spec: LoadSpec = {
    model: line.model,
    revision: known.info.revision,
    purpose: line.purpose,
    contextLength,
    slots,
    kvType,
    adapters: options.wish.adapters ?? [],
    placement: plan.placement,
    threads: 1,
  }
  const reservation = options.budget.claim(
    plan.placement.bytes,
    label(line),
    after.map((entry) => entry.reservation),
  )
  if (reservation.kind === 'shortage') return null
  return {
    id: options.id,
    line,
    model: line.model,
    purpose: line.purpose,
    spec,
    backend: known.backend,
    profile: known.profile,
    settings: plan.memorySettings,
    reservation,
    after: new Set(after),
    abort: new Abort(),
    jobs: new Map(),
    state: 'idle',
    why: 'not loaded',
    since: now,
    drain: null,
    pinned: options.pinned,
    lastUsed: now,
    lastIdle: now,
    progress: null,
    runner: null,
    begun: false,
    owed: 0,
    owesUntil: 0,
    begunAt: now,
    keepAliveMs: options.keepAliveMs,
    keepAliveGiven: options.keepAliveGiven,
    threads: 1,
    lastSign: now,
    doom: null,
    timer: null,
  }
}
