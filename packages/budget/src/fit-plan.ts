import type { Device, DeviceRoom } from './device.js'
import type { MemoryProfile } from './memory-profile.js'
import type { MemorySettings } from './memory-settings.js'
import { place } from './place.js'
import type { PlaceOptions } from './place.js'
import { sumOf } from './placement.js'
import type { MemoryParts, Placement, Verdict } from './placement.js'
import type { Bytes, Tokens } from './units.js'
import { longestContext, mostSlots } from './what-fits.js'

/** One memory of the machine and what a load takes of it, taken apart. */
export interface DeviceUse extends MemoryParts {
  readonly on: Device
  /** What there was for it. */
  readonly free: Bytes
  /** The sum of the parts; more than `free` only where the model does not fit. */
  readonly bytes: Bytes
}

/** Whether and how a model would be loaded, and how far one could go. Plain data. */
export interface FitPlan {
  readonly settings: MemorySettings
  readonly verdict: Verdict
  /** The verdict in a word. */
  readonly kind: Placement['kind'] | 'cannot'
  /** Layers that could be on GPUs, the output layer included; null for a model that is not split. */
  readonly layers: number | null
  /** Every memory of the machine. Where the model does not fit: as it would be if the host had room enough. */
  readonly devices: readonly DeviceUse[]
  /** Tokens a slot at these slots and this KV type, and of that what needs no CPU; 0 where none fits. */
  readonly longestContext: Tokens
  readonly longestContextOnGpu: Tokens
  /** Slots at this context and this KV type, and of those what needs no CPU; 0 where none fits. */
  readonly mostSlots: number
  readonly mostSlotsOnGpu: number
}

/** More than any machine has: a model is laid out as if the host had it, to see by how much it is too large. */
const ENDLESS: Bytes = 2 ** 52

/**
 * A model on a machine at these settings.
 * @throws RangeError for settings that are none.
 */
export function planFit(
  profile: MemoryProfile,
  settings: MemorySettings,
  room: readonly DeviceRoom[],
  options: PlaceOptions = {},
): FitPlan {
  const verdict = place(profile, settings, room, options)
  const laidOut = verdict.fits ? verdict : place(profile, settings, widened(profile, room), options)
  const parts = laidOut.fits ? laidOut.placement.parts : []
  const onGpu = { ...options, atLeast: 'gpu' } as const
  return {
    settings,
    verdict,
    kind: verdict.fits ? verdict.placement.kind : 'cannot',
    layers: profile.kind === 'gguf' ? profile.layers.length + 1 : null,
    devices: room.map(({ device, free }) => {
      const part = parts.find((one) => one.device === device.id) ?? nothingOn(device)
      return { ...part, on: device, free, bytes: sumOf(part) }
    }),
    longestContext: longestContext(profile, settings, room, options),
    longestContextOnGpu: longestContext(profile, settings, room, onGpu),
    mostSlots: mostSlots(profile, settings, room, options),
    mostSlotsOnGpu: mostSlots(profile, settings, room, onGpu),
  }
}

/** Several models in memory at once, each in what those before it leave; one that does not fit leaves all. */
export function planTogether(
  models: readonly { readonly profile: MemoryProfile; readonly settings: MemorySettings }[],
  room: readonly DeviceRoom[],
): readonly FitPlan[] {
  let left = room
  return models.map(({ profile, settings }) => {
    const plan = planFit(profile, settings, left)
    if (plan.verdict.fits)
      left = plan.devices.map(({ on, free, bytes }) => ({ device: on, free: free - bytes }))
    return plan
  })
}

function widened(profile: MemoryProfile, room: readonly DeviceRoom[]): readonly DeviceRoom[] {
  const grows = profile.kind === 'webllm' ? 'ram' : 'gpu'
  return room.map((one) => (one.device.kind === grows ? one : { ...one, free: ENDLESS }))
}

function nothingOn({ id }: Device): MemoryParts {
  return { device: id, weights: 0, kvCache: 0, compute: 0, overhead: 0, learned: 0 }
}
