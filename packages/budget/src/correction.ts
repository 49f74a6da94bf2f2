import type { MemorySettings } from './memory-settings.js'
import { sumOf } from './placement.js'
import type { MemoryParts, Placement } from './placement.js'
import { bytesOf } from './units.js'
import type { DeviceBytes } from './units.js'

/** What earlier loads of a model say about its next one. Plain data. */
export interface Correction {
  /** Loads with known figures, by `loadKey`. */
  readonly measured: Readonly<Record<string, readonly DeviceBytes[]>>
  /** By what to multiply weights, compute buffers and overhead where there is no such load; the KV cache is exact. */
  readonly scale: { readonly gpu: number; readonly host: number }
}

/** Names what a load's memory depends on: settings and the layers of each GPU. */
export function loadKey(settings: MemorySettings, split: Placement['split']): string {
  const layers = split.map(({ device, layers: count }) => `${device}:${count}`).join(',')
  return settingsKey(settings) + (layers === '' ? 'cpu' : layers)
}

/** How the keys of all loads at those settings begin. */
export function settingsKey({ contextLength, slots, kvType }: MemorySettings): string {
  return `${contextLength}×${slots} ${kvType} `
}

/** The parts with `learned` filled in. */
export function corrected(
  correction: Correction,
  settings: MemorySettings,
  split: Placement['split'],
  parts: readonly MemoryParts[],
): readonly MemoryParts[] {
  const measured = correction.measured[loadKey(settings, split)]
  return parts.map((part) => {
    const estimate = { ...part, learned: 0 }
    if (measured) return { ...part, learned: bytesOf(measured, part.device) - sumOf(estimate) }
    const scale = split.some(({ device }) => device === part.device)
      ? correction.scale.gpu
      : correction.scale.host
    return { ...part, learned: Math.round((scale - 1) * scalable(part)) }
  })
}

/** What arithmetic can be wrong about. */
export function scalable({ weights, compute, overhead }: MemoryParts): number {
  return weights + compute + overhead
}
