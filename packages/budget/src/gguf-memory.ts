import { computeBytes } from './compute-buffers.js'
import { kvCacheBytes } from './kv-cache.js'
import type { GgufProfile, WeightBytes } from './memory-profile.js'
import type { MemorySettings } from './memory-settings.js'
import type { MemoryParts } from './placement.js'
import type { Bytes } from './units.js'

/** What some layers take, without saying where. */
export type Parts = Omit<MemoryParts, 'device' | 'learned'>

/**
 * A profile at given settings, in bytes for any cut of its layers. Layers are counted from 0; the output layer
 * comes last, so that there are `layers` of them in all. llama.cpp puts a model's last layers on the GPUs.
 */
export class GgufMemory {
  /** Repeating layers and the output layer. */
  readonly layers: number
  readonly #profile: GgufProfile
  readonly #settings: MemorySettings
  /** Sums over the layers before an index. */
  readonly #weights: readonly WeightBytes[]
  readonly #kv: readonly Bytes[]

  constructor(profile: GgufProfile, settings: MemorySettings) {
    this.#profile = profile
    this.#settings = settings
    this.layers = profile.layers.length + 1
    const weights: WeightBytes[] = [{ bytes: 0, repackable: 0, repacked: 0 }]
    const kv: Bytes[] = [0]
    const { contextLength, slots, kvType } = settings
    // node-llama-cpp and llama.cpp's own server give windowed caches one token of a batch more.
    const batch = profile.engine.batchSize + 1
    const own = profile.engine.contexts === 'own'
    const [contexts, sequences] = own ? [slots, 1] : [1, slots]
    for (const [index, layer] of profile.layers.entries()) {
      weights.push(plus(weights[index], layer.weights))
      const cache = layer.kv ? kvCacheBytes(layer.kv, contextLength, sequences, kvType, batch) * contexts : 0
      kv.push((kv[index] ?? 0) + cache + layer.stateBytesPerSlot * slots)
    }
    weights.push(plus(weights.at(-1), profile.output))
    kv.push(kv.at(-1) ?? 0)
    this.#weights = weights
    this.#kv = kv
  }

  /**
   * What a GPU takes that has the layers from `from` to before `to`.
   * @param hostLayers whether the CPU has layers too: llama.cpp lends the GPU their matrices, one at a time,
   *   to multiply large batches with.
   */
  gpu(from: number, to: number, hostLayers: boolean): Parts {
    if (from >= to) return { weights: 0, kvCache: 0, compute: 0, overhead: 0 }
    const tied = to === this.layers ? (this.#profile.tiedOutput?.bytes ?? 0) : 0
    return {
      weights: this.#between(from, to).bytes + tied,
      kvCache: this.#kvBetween(from, to),
      compute:
        this.#compute(to === this.layers ? 'layers and output' : 'layers') +
        (hostLayers ? this.#profile.graph.largestMatrix : 0),
      overhead: this.#profile.engine.gpuOverhead,
    }
  }

  /** What host memory takes when the layers from `gpuFrom` on are on GPUs; all of them stay at `layers`. */
  host(gpuFrom: number): Parts {
    const alone = gpuFrom === this.layers
    const own = this.#between(0, gpuFrom)
    return {
      weights: this.#profile.input.bytes + (alone ? this.#onCpu(own) : own.bytes),
      kvCache: this.#kvBetween(0, gpuFrom),
      compute: this.#compute(alone ? 'layers and output' : gpuFrom > 0 ? 'layers' : 'input'),
      overhead: this.#profile.engine.hostOverhead,
    }
  }

  /**
   * A device with any layers is taken to have as many as the model: buffers differ little, and more layers
   * never seem to need less.
   */
  #compute(share: 'input' | 'layers' | 'layers and output'): Bytes {
    const layers = share === 'input' ? 0 : this.layers - 1
    return computeBytes(this.#profile, this.#settings, { layers, hasOutput: share === 'layers and output' })
  }

  /** Weights are rearranged only where no GPU takes part: beside one, llama.cpp keeps them as they are. */
  #onCpu(own: WeightBytes): Bytes {
    const tied = this.#profile.tiedOutput?.repacked ?? 0
    return own.bytes + own.repacked + tied - (this.#profile.mmap ? 0 : own.repackable)
  }

  #between(from: number, to: number): WeightBytes {
    const low = this.#weights[from]
    const high = this.#weights[to]
    if (!low || !high) throw new RangeError(`Expected layers from 0 to ${this.layers}, got ${from} to ${to}`)
    return {
      bytes: high.bytes - low.bytes,
      repackable: high.repackable - low.repackable,
      repacked: high.repacked - low.repacked,
    }
  }

  #kvBetween(from: number, to: number): Bytes {
    return (this.#kv[to] ?? 0) - (this.#kv[from] ?? 0)
  }
}

function plus(a: WeightBytes | undefined, b: WeightBytes): WeightBytes {
  return {
    bytes: (a?.bytes ?? 0) + b.bytes,
    repackable: (a?.repackable ?? 0) + b.repackable,
    repacked: (a?.repacked ?? 0) + b.repacked,
  }
}
