import { place, type LearnedMemory, type MemoryBudget } from '@berth/budget'
import type { KnownModel } from './line.js'
import type { Purpose } from './backend.js'
import type { MemoryView } from './plan-load.js'
import type { RunnerView } from './runner-entry.js'

/** By what the memory of a model is remembered: its content and purpose, so that a changed model is learned anew. */
export function learnedName(purpose: Purpose, revision: string): string {
  return `${purpose} ${revision}`
}

/** The budget as a plan for this model sees it: with what was learned of it. */
export function memoryView(
  budget: MemoryBudget,
  learned: LearnedMemory,
  known: KnownModel,
  purpose: Purpose,
): MemoryView {
  const name = learnedName(purpose, known.info.revision)
  return {
    room: (without: readonly RunnerView[]) => budget.room({ without: without.map((r) => r.reservation) }),
    // Others may leave, so what they use does not make a model impossible.
    empty: () => budget.usage().map(({ device, usable }) => ({ device, free: usable })),
    place: (settings, room) => {
      return place(known.profile, settings, room, { correction: learned.correction(name, settings) })
    },
  }
}
