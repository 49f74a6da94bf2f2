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
