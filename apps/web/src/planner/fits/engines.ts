import { PLANNED_ENGINE } from '@berth/budget'
import type { Bytes, EngineFacts } from '@berth/budget'

/** What llama.cpp in a browser can have at most: a WebAssembly memory ends at 4 GiB, and its program lies beside it. */
export const BROWSER_MOST: Bytes = 4 * 2 ** 30 + 92e6

/** How a browser runs a GGUF (`wllama/engine-facts.ts`; a test compares them): on the CPU alone, in one worker's memory. */
export const BROWSER_ENGINE: EngineFacts = {
  ...PLANNED_ENGINE,
  batchSize: 32,
  logits: 'slots',
  cpuOnly: true,
  cpuFeatures: [],
  mmap: false,
  hostOverhead: 220e6,
  gpuOverhead: 0,
}
