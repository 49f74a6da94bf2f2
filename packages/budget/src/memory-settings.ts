import type { KvType, Tokens } from './units.js'

/** The choices at a load on which its memory depends, placement aside. */
export interface MemorySettings {
  /** Tokens of context of every slot. */
  readonly contextLength: Tokens
  readonly slots: number
  readonly kvType: KvType
  /** At most this many layers on GPUs (the output layer counts as one); absent: as many as fit. */
  readonly maxGpuLayers?: number
}

/** @throws RangeError that names the setting, its value and what would be right. */
export function checkSettings({ contextLength, slots, maxGpuLayers }: MemorySettings): void {
  checkCount('contextLength', contextLength, 1)
  checkCount('slots', slots, 1)
  if (maxGpuLayers !== undefined) checkCount('maxGpuLayers', maxGpuLayers, 0)
}

function checkCount(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`Expected ${name} to be a whole number from ${least}, got ${value}`)
  }
}
