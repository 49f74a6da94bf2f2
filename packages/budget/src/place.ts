import type { Correction } from './correction.js'
import type { DeviceRoom } from './device.js'
import { formatBytes } from './format-bytes.js'
import { bestLayout } from './layout.js'
import type { Layout } from './layout.js'
import type { GgufProfile, MemoryProfile } from './memory-profile.js'
import { checkSettings } from './memory-settings.js'
import type { MemorySettings } from './memory-settings.js'
import { placeWebLlm } from './place-webllm.js'
import { sumOf } from './placement.js'
import type { Placement, Verdict } from './placement.js'
import { whatHelps } from './what-helps.js'

export interface PlaceOptions {
  /** What earlier loads of the model took (`LearnedMemory.correction`). */
  readonly correction?: Correction | undefined
}

const FOREIGN: Placement = {
  kind: 'foreign',
  gpuLayers: 0,
  split: [],
  bytes: [],
  parts: [],
  reason: 'the model is in memory that is not ours',
}

/**
 * Full GPU → hybrid with as many layers on GPUs as fit → CPU only → cannot, each with its reason. The room is
 * taken as it is given: a safety margin is the budget's affair.
 * @throws RangeError for settings that are none.
 */
export function place(
  profile: MemoryProfile,
  settings: MemorySettings,
  room: readonly DeviceRoom[],
  options: PlaceOptions = {},
): Verdict {
  checkSettings(settings)
  if (profile.kind === 'foreign') return { fits: true, placement: FOREIGN }
  if (profile.kind === 'webllm') return placeWebLlm(profile, settings, room, options.correction)
  const layout = bestLayout(profile, settings, room, options.correction)
  if (!layout) return { fits: false, reason: 'there is no host memory to load into', advice: [], missing: 0 }
  if (layout.missing > 0) return cannot(layout, profile, settings, room, options)
  const { gpuLayers, split, parts } = layout
  return {
    fits: true,
    placement: {
      kind: gpuLayers === 0 ? 'cpu' : gpuLayers === layout.layers ? 'gpu' : 'hybrid',
      gpuLayers,
      split,
      bytes: parts.map((part) => ({ device: part.device, bytes: sumOf(part) })),
      parts,
      reason: reasonOf(layout, profile, settings, room),
    },
  }
}

function cannot(
  layout: Layout,
  profile: GgufProfile,
  settings: MemorySettings,
  room: readonly DeviceRoom[],
  options: PlaceOptions,
): Verdict {
  let advice: readonly string[] | undefined
  return {
    fits: false,
    reason: `${formatBytes(layout.missing)} too large for any placement; at best it takes ${figures(layout, room)}`,
    // Worked out when somebody asks: it takes many layouts, and most verdicts of "not now" are never shown.
    get advice() {
      advice ??= whatHelps(profile, settings, layout, (other) => {
        const changed = bestLayout(profile, other, room, options.correction)
        return changed !== null && changed.missing === 0
      })
      return advice
    },
    missing: layout.missing,
  }
}

function reasonOf(
  layout: Layout,
  profile: GgufProfile,
  settings: MemorySettings,
  room: readonly DeviceRoom[],
): string {
  const { gpuLayers, layers, split } = layout
  const limit = settings.maxGpuLayers ?? layers
  const asked = limit < layers && gpuLayers === limit
  const gpus = split.length > 1 ? `${split.length} GPUs` : 'the GPU'
  const hasGpu = room.some(({ device }) => device.kind !== 'ram')
  if (gpuLayers === layers) return `all ${layers} layers fit on ${gpus}: ${figures(layout, room)}`
  if (gpuLayers > 0) {
    const why = asked ? 'are on' : 'fit on'
    const end = asked ? ', as many as asked for' : '; the CPU computes the others'
    return `${gpuLayers} of ${layers} layers ${why} ${gpus}${end}: ${figures(layout, room)}`
  }
  const why =
    profile.engine.cpuOnly === true
      ? 'its engine uses no GPU'
      : !hasGpu
        ? 'there is no GPU'
        : asked
          ? 'no layer is to be on the GPU'
          : 'not one layer fits on the GPU'
  return `the CPU computes, for ${why}: ${figures(layout, room)}`
}

function figures({ parts }: Layout, room: readonly DeviceRoom[]): string {
  return parts
    .map((part) => {
      const on = room.find(({ device }) => device.id === part.device)
      return `${formatBytes(sumOf(part))} of ${formatBytes(on?.free ?? 0)} free on ${on?.device.name ?? part.device}`
    })
    .join(', ')
}
