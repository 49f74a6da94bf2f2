import type { LearnedMemory, MemoryBudget } from '@berth/budget'
import type { Agenda } from './agenda.js'
import type { ModelId } from './backend.js'
import type { Clock } from './clock.js'
import type { Line } from './line.js'
import { BudgetView } from './memory-view.js'
import { moveUp } from './move-up.js'
import { newEntry } from './new-entry.js'
import type { LoadPlan } from './plan-load.js'
import type { LoadWish } from './request.js'
import type { RunnerEntry } from './runner-entry.js'
import type { RunnerPool } from './runner-pool.js'
import type { SchedulerSettings } from './settings.js'

export interface LoadsParts {
  readonly budget: MemoryBudget
  readonly learned: LearnedMemory
  readonly clock: Clock
  readonly settings: SchedulerSettings
  readonly pool: RunnerPool
  readonly agenda: Agenda
  readonly isPinned: (model: ModelId) => boolean
}

/** Which runner is a line's: it is given one by a load, and let go of when that is to leave. */
export class Loads {
  readonly #parts: LoadsParts
  #count = 0

  constructor(parts: LoadsParts) {
    this.#parts = parts
  }

  /** Loads as planned, in the same turn as the plan was made. */
  load(line: Line, wish: LoadWish, plan: LoadPlan<RunnerEntry>, why: string, keepAliveMs?: number): void {
    if (line.known === null) throw new Error(`A load of ${line.model} was decided before it was read`)
    const { budget, clock, isPinned, pool, settings } = this.#parts
    this.#count += 1
    const entry = newEntry({
      id: `m${this.#count}`,
      now: clock.now(),
      line,
      known: line.known,
      wish,
      plan,
      budget,
      keepAliveMs: keepAliveMs ?? line.runner?.keepAliveMs ?? settings.keepAliveMs,
      keepAliveGiven: keepAliveMs !== undefined || (line.runner?.keepAliveGiven ?? false),
      pinned: isPinned(line.model),
    })
    // Planning and claiming read the same budget in the same turn, so this is a mistake of ours, never a matter of luck.
    if (entry === null) throw new Error(`The budget turned down what was planned for ${line.model}`)
    for (const other of entry.after) this.detach(other)
    const before = line.runner
    line.runner = entry
    line.runners.add(entry)
    pool.admit(entry, why)
    // One beside which it is loaded finishes what it has begun; if this load is called off, it goes on.
    if (before !== null) pool.drain(before, why, 'unload', entry.id)
  }

  /** An idle runner of which a part is not on the GPU moves there, where there is room by now. */
  moveUp(entry: RunnerEntry): void {
    const { known } = entry.line
    if (known === null || entry.line.runner !== entry) return
    const { budget, learned } = this.#parts
    const plan = moveUp(entry, new BudgetView(budget, learned, known, entry.purpose))
    if (plan === null) return
    this.load(entry.line, { adapters: entry.spec.adapters }, plan, `moves up: ${plan.placement.reason}`)
  }

  /** A runner that is on its way out is not its line's any more: newcomers get a new one. */
  detach(entry: RunnerEntry): void {
    if (entry.line.runner !== entry) return
    entry.line.runner = null
    // Read again before the next load: it may have changed while nobody had it loaded.
    if (entry.line.waiting.size === 0) entry.line.known = null
    this.#parts.agenda.touch(entry.line)
  }

  /** Takes a runner from its line: it leaves when its jobs are done. */
  letGo(entry: RunnerEntry, why: string): void {
    this.detach(entry)
    if (entry.state === 'busy') this.#parts.pool.drain(entry, why, 'unload', null)
    else this.#parts.pool.evict(entry, why)
  }

  /** Has where a model runs asked anew, and elsewhere first. */
  avoid({ line, backend }: RunnerEntry): void {
    line.avoided = backend
    line.known = null
  }
}
