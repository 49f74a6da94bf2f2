import { corrected } from './correction.js'
import type { Correction } from './correction.js'
import type { DeviceRoom } from './device.js'
import { GgufMemory } from './gguf-memory.js'
import type { Parts } from './gguf-memory.js'
import { splitLayers } from './layer-split.js'
import type { GgufProfile } from './memory-profile.js'
import type { MemorySettings } from './memory-settings.js'
import { sumOf } from './placement.js'
import type { MemoryParts, Placement } from './placement.js'
import type { Bytes, DeviceId } from './units.js'

/** One way to lay a model out, and by how much it is too large for the room. */
export interface Layout {
  readonly gpuLayers: number
  /** Layers that could be on GPUs, the output layer included. */
  readonly layers: number
  readonly split: Placement['split']
  readonly parts: readonly MemoryParts[]
  readonly missing: Bytes
}

/**
 * The layout with the most layers on GPUs that fits, else the one that misses least; null where the room has
 * no host memory. One GPU is preferred to several where both hold as much, and the roomiest one first.
 */
export function bestLayout(
  profile: GgufProfile,
  settings: MemorySettings,
  room: readonly DeviceRoom[],
  correction: Correction | undefined,
): Layout | null {
  const host = room.find(({ device }) => device.kind !== 'gpu')
  if (!host) return null
  // Unified memory is GPU and host in one: what is on the GPU is in the same room as what is not.
  const all = host.device.kind === 'unified' ? [host] : room.filter(({ device }) => device.kind === 'gpu')
  const gpus = profile.engine.cpuOnly === true ? [] : all
  const search = new LayoutSearch(new GgufMemory(profile, settings), settings, host, gpus, correction)
  let least: Layout | null = null
  for (let gpuLayers = search.most; gpuLayers >= 0; gpuLayers--) {
    const layout = search.best(gpuLayers)
    if (layout.missing === 0) return layout
    if (!least || layout.missing < least.missing) least = layout
  }
  return least
}

class LayoutSearch {
  readonly most: number
  readonly #memory: GgufMemory
  readonly #settings: MemorySettings
  readonly #host: DeviceRoom
  readonly #gpus: readonly DeviceRoom[]
  readonly #roomiestFirst: readonly DeviceRoom[]
  readonly #correction: Correction | undefined

  constructor(
    memory: GgufMemory,
    settings: MemorySettings,
    host: DeviceRoom,
    gpus: readonly DeviceRoom[],
    correction: Correction | undefined,
  ) {
    this.#memory = memory
    this.#settings = settings
    this.#host = host
    this.#gpus = gpus
    this.#roomiestFirst = gpus.toSorted((a, b) => b.free - a.free)
    this.#correction = correction
    this.most = gpus.length === 0 ? 0 : Math.min(memory.layers, settings.maxGpuLayers ?? memory.layers)
  }

  /** With so many layers on GPUs: the first layout that fits, else the one that misses least. */
  best(gpuLayers: number): Layout {
    if (gpuLayers === 0) return this.#layout(0, [])
    let best: Layout | undefined
    for (const { device } of this.#roomiestFirst) {
      const layout = this.#layout(gpuLayers, [{ device: device.id, layers: gpuLayers }])
      if (layout.missing === 0) return layout
      if (!best || layout.missing < best.missing) best = layout
    }
    const split = this.#gpus.length > 1 ? this.#splitOver(gpuLayers) : null
    return split ? this.#layout(gpuLayers, split) : (best ?? this.#layout(0, []))
  }

  #splitOver(gpuLayers: number): Placement['split'] | null {
    const hostLayers = gpuLayers < this.#memory.layers
    const counts = splitLayers(
      this.#memory.layers - gpuLayers,
      this.#memory.layers,
      this.#gpus.map(({ device, free }) => ({
        free,
        needs: (from, to) => this.#needs(device.id, from, to, hostLayers),
      })),
    )
    if (!counts) return null
    return this.#gpus
      .map(({ device }, index) => ({ device: device.id, layers: counts[index] ?? 0 }))
      .filter(({ layers }) => layers > 0)
  }

  #layout(gpuLayers: number, split: Placement['split']): Layout {
    const parts = this.#corrected(split, this.#parts(gpuLayers, split))
    const missing = parts.reduce((sum, part) => sum + Math.max(0, sumOf(part) - this.#free(part.device)), 0)
    return { gpuLayers, layers: this.#memory.layers, split, parts, missing }
  }

  #parts(gpuLayers: number, split: Placement['split']): MemoryParts[] {
    const gpuFrom = this.#memory.layers - gpuLayers
    const parts = new Map<DeviceId, MemoryParts>()
    let at = gpuFrom
    for (const { device, layers } of split) {
      parts.set(device, on(device, this.#memory.gpu(at, at + layers, gpuFrom > 0)))
      at += layers
    }
    const host = this.#host.device.id
    parts.set(host, on(host, this.#memory.host(gpuFrom), parts.get(host)))
    return [...parts.values()]
  }

  #needs(device: DeviceId, from: number, to: number, hostLayers: boolean): Bytes {
    const split = [{ device, layers: to - from }]
    return this.#corrected(split, [on(device, this.#memory.gpu(from, to, hostLayers))]).reduce(
      (sum, part) => sum + sumOf(part),
      0,
    )
  }

  #corrected(split: Placement['split'], parts: readonly MemoryParts[]): readonly MemoryParts[] {
    return this.#correction ? corrected(this.#correction, this.#settings, split, parts) : parts
  }

  #free(device: DeviceId): Bytes {
    return [this.#host, ...this.#gpus].find((room) => room.device.id === device)?.free ?? 0
  }
}

function on(device: DeviceId, parts: Parts, had?: MemoryParts): MemoryParts {
  return {
    device,
    weights: parts.weights + (had?.weights ?? 0),
    kvCache: parts.kvCache + (had?.kvCache ?? 0),
    compute: parts.compute + (had?.compute ?? 0),
    overhead: parts.overhead + (had?.overhead ?? 0),
    learned: 0,
  }
}
