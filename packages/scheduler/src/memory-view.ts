import {
  place,
  type DeviceRoom,
  type LearnedMemory,
  type MemoryBudget,
  type MemorySettings,
  type Verdict,
} from '@berth/budget'
import type { KnownModel } from './line.js'
import type { Purpose } from './backend.js'
import type { MemoryView } from './plan-load.js'
import type { RunnerView } from './runner-entry.js'

/** By what the memory of a model is remembered: its content and purpose, so that a changed model is learned anew. */
export function learnedName(purpose: Purpose, revision: string): string {
  return `${purpose} ${revision}`
}

/** The budget as a plan for one model sees it: with what was learned of it. */
export class BudgetView implements MemoryView {
  readonly #budget: MemoryBudget
  readonly #learned: LearnedMemory
  readonly #known: KnownModel
  readonly #purpose: Purpose

  constructor(budget: MemoryBudget, learned: LearnedMemory, known: KnownModel, purpose: Purpose) {
    this.#budget = budget
    this.#learned = learned
    this.#known = known
    this.#purpose = purpose
  }

  room(without: readonly RunnerView[]): readonly DeviceRoom[] {
    return this.#budget.room({ without: without.map((r) => r.reservation) })
  }

  empty(): readonly DeviceRoom[] {
    return this.#budget.emptyRoom()
  }

  place(settings: MemorySettings, room: readonly DeviceRoom[]): Verdict {
    const { profile, info } = this.#known
    const correction = this.#learned.correction(learnedName(this.#purpose, info.revision), settings)
    return place(profile, settings, room, { correction })
  }
}
