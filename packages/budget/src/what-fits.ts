import type { DeviceRoom } from './device.js'
import type { MemoryProfile } from './memory-profile.js'
import type { MemorySettings } from './memory-settings.js'
import { place } from './place.js'
import type { PlaceOptions } from './place.js'
import type { Placement } from './placement.js'
import type { Tokens } from './units.js'

/** llama.cpp allows no more sequences in a context (`LLAMA_MAX_SEQ`). */
const MOST_SLOTS = 256

/** Contexts are told in steps of what llama.cpp rounds them up to. */
const CONTEXT_STEP: Tokens = 256

/** Where a model does not say what it was made for. */
const LONGEST_UNKNOWN: Tokens = 2 ** 20

export interface WhatFitsOptions extends PlaceOptions {
  /** The worst placement that still counts; absent: any. `gpu` asks for what fits without leaving the GPU. */
  readonly atLeast?: 'gpu' | 'hybrid' | 'cpu'
}

const RANK: Record<Placement['kind'], number> = { foreign: 3, gpu: 3, hybrid: 2, cpu: 1 }

/** The most slots of the settings' context that fit, up to 256; 0 where not even one does. */
export function mostSlots(
  profile: MemoryProfile,
  settings: Omit<MemorySettings, 'slots'>,
  room: readonly DeviceRoom[],
  options: WhatFitsOptions = {},
): number {
  return largest(Math.min(MOST_SLOTS, profile.maxSlots ?? MOST_SLOTS), (slots) =>
    isGood(profile, { ...settings, slots }, room, options),
  )
}

/**
 * The longest context a slot that fits, a multiple of 256 tokens and no longer than the model was made for;
 * 0 where not even the shortest does.
 */
export function longestContext(
  profile: MemoryProfile,
  settings: Omit<MemorySettings, 'contextLength'>,
  room: readonly DeviceRoom[],
  options: WhatFitsOptions = {},
): Tokens {
  const most = Math.floor((profile.trainedContext ?? LONGEST_UNKNOWN) / CONTEXT_STEP)
  const fits = (steps: number): boolean =>
    isGood(profile, { ...settings, contextLength: steps * CONTEXT_STEP }, room, options)
  return largest(most, fits) * CONTEXT_STEP
}

/**
 * How many slots to load a model with where nobody says: the most of 4, 2 and 1 whose KV cache takes no more
 * than a quarter of what is free on each device, and that do not cost it a better placement. 1 where none does.
 */
export function chooseSlots(
  profile: MemoryProfile,
  settings: Omit<MemorySettings, 'slots'>,
  room: readonly DeviceRoom[],
  options: PlaceOptions = {},
): number {
  const one = place(profile, { ...settings, slots: 1 }, room, options)
  const chosen = [4, 2].find((slots) => {
    if (slots > (profile.maxSlots ?? slots)) return false
    const verdict = place(profile, { ...settings, slots }, room, options)
    if (!verdict.fits || !one.fits || RANK[verdict.placement.kind] < RANK[one.placement.kind]) return false
    return verdict.placement.parts.every(({ device, kvCache }) => {
      const free = room.find((candidate) => candidate.device.id === device)?.free ?? 0
      return kvCache * 4 <= free
    })
  })
  return chosen ?? 1
}

function isGood(
  profile: MemoryProfile,
  settings: MemorySettings,
  room: readonly DeviceRoom[],
  options: WhatFitsOptions,
): boolean {
  const verdict = place(profile, settings, room, options)
  return verdict.fits && RANK[verdict.placement.kind] >= RANK[options.atLeast ?? 'cpu']
}

/** The largest whole number up to `most` that fits, where whatever is smaller than one that fits does too; else 0. */
function largest(most: number, fits: (value: number) => boolean): number {
  let low = 0
  let high = most
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}
