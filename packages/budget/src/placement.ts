import type { MemoryProfile } from './memory-profile.js'
import type { MemorySettings } from './memory-settings.js'
import type { DeviceRoom } from './device.js'
import type { Bytes, DeviceBytes, DeviceId } from './units.js'

/** Where a load's layers live and what it takes there. */
export interface Placement {
  readonly kind: 'gpu' | 'hybrid' | 'cpu' | 'foreign'
  /** Layers on GPUs; the output layer counts as one, as it does in llama.cpp. */
  readonly gpuLayers: number
  /** The layers of each GPU, in the devices' order. */
  readonly split: readonly { readonly device: DeviceId; readonly layers: number }[]
  /** What to reserve: the sum over `parts` by device. */
  readonly bytes: readonly DeviceBytes[]
  /** The same, taken apart. */
  readonly parts: readonly MemoryParts[]
  /** In words: why this placement and no better one. */
  readonly reason: string
}

/** What one device holds of a load. */
export interface MemoryParts {
  readonly device: DeviceId
  readonly weights: Bytes
  readonly kvCache: Bytes
  readonly compute: Bytes
  readonly overhead: Bytes
}

/** Whether and where a load fits. */
export type Verdict =
  | { readonly fits: true; readonly placement: Placement }
  | {
      readonly fits: false
      /** In words, with the figures. */
      readonly reason: string
      /** What would help, most useful first: a smaller context, fewer slots, a tighter KV type or quantization. */
      readonly advice: readonly string[]
      /** How many bytes are missing where the least is missing. */
      readonly missing: Bytes
    }

/** Full GPU → hybrid with the exact number of layers that fit → CPU only → cannot, each with its reason. */
export declare function place(
  profile: MemoryProfile,
  settings: MemorySettings,
  room: readonly DeviceRoom[],
): Verdict
