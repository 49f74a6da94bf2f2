import {
  chooseSlots,
  place,
  type Correction,
  type DeviceRoom,
  type LearnedMemory,
  type MemoryBudget,
  type MemoryProfile,
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

/** Answers of one kind that are remembered of one model. */
const MOST = 512

/** What was worked out for one model, by everything else that it depends on. */
interface Answers {
  readonly verdicts: Map<string, Verdict>
  readonly slots: Map<string, number>
}

/**
 * By budget and model: who waits for memory asks the same of the same room whenever anything may have changed, and
 * mostly nothing has.
 */
const answers = new WeakMap<MemoryBudget, WeakMap<MemoryProfile, Answers>>()

function remembered<T>(known: Map<string, T>, key: string, workOut: () => T): T {
  const had = known.get(key)
  if (had !== undefined) return had
  if (known.size >= MOST) known.clear()
  const answer = workOut()
  known.set(key, answer)
  return answer
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
    const known = this.#answers(profile)
    const key = keyOf(settings, room, correction)
    return remembered(known.verdicts, key, () => place(profile, settings, room, { correction }))
  }

  slots(settings: MemorySettings, room: readonly DeviceRoom[]): number {
    const { profile } = this.#known
    const key = keyOf(settings, room, undefined)
    return remembered(this.#answers(profile).slots, key, () => chooseSlots(profile, settings, room))
  }

  #answers(profile: MemoryProfile): Answers {
    let ofBudget = answers.get(this.#budget)
    if (ofBudget === undefined) answers.set(this.#budget, (ofBudget = new WeakMap()))
    let ofModel = ofBudget.get(profile)
    if (ofModel === undefined) ofBudget.set(profile, (ofModel = { verdicts: new Map(), slots: new Map() }))
    return ofModel
  }
}

/** All that an answer about one model depends on. */
function keyOf(
  { contextLength, slots, kvType, maxGpuLayers }: MemorySettings,
  room: readonly DeviceRoom[],
  correction: Correction | undefined,
): string {
  let key = `${contextLength} ${slots} ${kvType} ${maxGpuLayers}`
  for (const { device, free } of room) key += ` ${device.id} ${free}`
  return correction === undefined ? key : key + JSON.stringify(correction)
}
