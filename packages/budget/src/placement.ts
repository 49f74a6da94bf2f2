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

/** What one device holds of a load. The sum of the figures is what the load is expected to take there. */
export interface MemoryParts {
  readonly device: DeviceId
  readonly weights: Bytes
  readonly kvCache: Bytes
  readonly compute: Bytes
  readonly overhead: Bytes
  /** What earlier loads took beyond the arithmetic of the other parts; negative where they took less. */
  readonly learned: Bytes
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

/** What a device's parts come to. */
export function sumOf({ weights, kvCache, compute, overhead, learned }: MemoryParts): Bytes {
  return weights + kvCache + compute + overhead + learned
}
