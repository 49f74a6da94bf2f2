import type { Bytes } from '@berth/budget'

/** What a browser tells of the machine, as far as memory is guessed from it. */
export interface MachineFacts {
  /** `navigator.deviceMemory` in GiB, rounded and capped by the browser; null where it does not tell. */
  readonly deviceMemory: number | null
  readonly gpu: { readonly software: boolean } | null
}

export interface Budget {
  readonly bytes: Bytes
  readonly from: 'setting' | 'learned' | 'guess'
}

const GIB = 2 ** 30

/** Where the browser does not tell: what the machines of today have at least. */
const USUAL_MEMORY_GIB = 8

/** A WebAssembly memory of 32-bit addresses holds no more, and every wllama model has one. */
const MOST_WASM: Bytes = 4 * GIB

/**
 * What models may take of the GPU's memory. No browser tells how much there is; the guess is
 * - half of the machine's memory as the browser tells it (at most 8 GiB by the standard, 32 in newer Chromium):
 *   integrated GPUs share that memory, and machines with a GPU of its own have rarely less on it than that;
 * - a quarter with a software adapter: it computes in the very memory that pages and wllama use.
 * A ceiling that was learned lowers the guess, and is never above it; a setting of the user's is taken as it is.
 */
export function gpuBudget(facts: MachineFacts, setting: Bytes | null, learned: Bytes | null): Budget {
  if (facts.gpu === null) return { bytes: 0, from: 'guess' }
  const part = facts.gpu.software ? 4 : 2
  return chosen(setting, learned, Math.floor((memory(facts) * GIB) / part))
}

/** What models may take of the memory beside it: half, and no more than one WebAssembly memory holds. */
export function ramBudget(facts: MachineFacts, setting: Bytes | null, learned: Bytes | null): Budget {
  return chosen(setting, learned, Math.min(MOST_WASM, Math.floor((memory(facts) * GIB) / 2)))
}

/** Less than this below what was too much would be tried, and fail, again and again. */
const STEP_BACK = 0.9

/**
 * The ceiling after a load ran out of memory on a device.
 * @param reserved what all models on it would have had together.
 */
export function learnedCeiling(known: Bytes | null, reserved: Bytes): Bytes {
  const ceiling = Math.floor(reserved * STEP_BACK)
  return known === null ? ceiling : Math.min(known, ceiling)
}

function memory({ deviceMemory }: MachineFacts): number {
  return deviceMemory ?? USUAL_MEMORY_GIB
}

function chosen(setting: Bytes | null, learned: Bytes | null, guess: Bytes): Budget {
  if (setting !== null) return { bytes: setting, from: 'setting' }
  if (learned !== null && learned < guess) return { bytes: learned, from: 'learned' }
  return { bytes: guess, from: 'guess' }
}
