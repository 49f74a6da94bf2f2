import { planFit, ProfileError } from '@berth/budget'
import type { DeviceRoom, FitPlan, MemoryProfile, MemorySettings } from '@berth/budget'
import type { FitsState } from '../state.js'
import type { PlannedMachine } from './machine.js'
import type { ModelFacts } from './model-facts.js'

/** What a model's card shows. */
export type ModelPlan =
  | {
      readonly kind: 'plan'
      readonly plan: FitPlan
      /** Of each device, what models before it have taken; 0 where each is on its own. */
      readonly before: readonly number[]
      /** Where its settings are not those that were asked for, a sentence each. */
      readonly notes: readonly string[]
    }
  | { readonly kind: 'broken'; readonly why: string }

type Wanted = Pick<FitsState, 'contextLength' | 'slots' | 'kvType' | 'together'>

/** Every model on the machine: on its own, or in what those before it leave. Null stays null: it is not known yet. */
export function planModels(
  models: readonly (ModelFacts | null)[],
  machine: PlannedMachine,
  wanted: Wanted,
): readonly (ModelPlan | null)[] {
  let left = machine.room
  return models.map((facts) => {
    if (facts === null) return null
    const planned = planOne(facts, machine, wanted, left)
    if (wanted.together && planned.kind === 'plan' && planned.plan.verdict.fits)
      left = planned.plan.devices.map(({ on, free, bytes }) => ({ device: on, free: free - bytes }))
    return planned
  })
}

function planOne(
  facts: ModelFacts,
  { room, engine }: PlannedMachine,
  wanted: Wanted,
  left: readonly DeviceRoom[],
): ModelPlan {
  try {
    const profile = facts.profile(engine)
    const { settings, notes } = settingsFor(profile, wanted)
    const before = room.map(({ free }, index) => free - (left[index]?.free ?? free))
    return { kind: 'plan', plan: planFit(profile, settings, left), before, notes }
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error
    return { kind: 'broken', why: error.message }
  }
}

/** What is asked for, as far as the model knows it. */
function settingsFor(
  profile: MemoryProfile,
  { contextLength, slots, kvType }: Wanted,
): { readonly settings: MemorySettings; readonly notes: readonly string[] } {
  const longest = profile.trainedContext ?? contextLength
  const most = profile.maxSlots ?? slots
  const notes = [
    ...(longest < contextLength ? [`It was made for ${longest} tokens: reckoned with these.`] : []),
    ...(most < slots ? [`It runs ${most === 1 ? 'one request' : `${most} requests`} at a time.`] : []),
  ]
  return {
    settings: { contextLength: Math.min(contextLength, longest), slots: Math.min(slots, most), kvType },
    notes,
  }
}
