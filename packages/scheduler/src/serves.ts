import type { Tokens } from '@berth/budget'
import type { LoadSpec } from './backend.js'
import type { LoadWish } from './request.js'

/** What a request wants of a load, beside the model's name and purpose. */
export interface Wanted {
  readonly revision: string
  readonly wish: LoadWish
  /** The longest context that the model was trained for; a longer wish means this. */
  readonly trainedContext: Tokens | null
}

/** Why a load cannot serve a request, or null where it can: what is not asked for matches anything, a longer context serves a shorter wish. */
export function misfit(loaded: LoadSpec, wanted: Wanted): string | null {
  const { wish } = wanted
  if (loaded.revision !== wanted.revision) return 'the model has changed since it was loaded'
  // A foreign engine was not loaded by us, and loading it again would change nothing.
  if (loaded.placement.kind === 'foreign') return null
  const context = clampContext(wish.contextLength, wanted.trainedContext)
  if (context !== undefined && context > loaded.contextLength) {
    return `a context of ${context} tokens is asked for, ${loaded.contextLength} are loaded`
  }
  if (wish.kvType !== undefined && wish.kvType !== loaded.kvType) {
    return `a KV cache of ${wish.kvType} is asked for, ${loaded.kvType} is loaded`
  }
  if (wish.adapters !== undefined && !sameList(wish.adapters, loaded.adapters)) {
    return 'other adapters are asked for'
  }
  if (wish.maxGpuLayers !== undefined && loaded.placement.gpuLayers > wish.maxGpuLayers) {
    return `at most ${wish.maxGpuLayers} layers on the GPU are asked for, ${loaded.placement.gpuLayers} are there`
  }
  return null
}

/** Whether a load can serve a request. */
export function serves(loaded: LoadSpec, wanted: Wanted): boolean {
  return misfit(loaded, wanted) === null
}

export function clampContext<T extends Tokens | undefined>(wish: T, trained: Tokens | null): T | Tokens {
  return wish === undefined || trained === null ? wish : Math.min(wish, trained)
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}
