import { corrected } from './correction.js'
import type { Correction } from './correction.js'
import type { DeviceRoom } from './device.js'
import { formatBytes } from './format-bytes.js'
import type { MemorySettings } from './memory-settings.js'
import { sumOf } from './placement.js'
import type { MemoryParts, Verdict } from './placement.js'
import type { WebLlmProfile } from './profile-webllm.js'
import type { Bytes, Tokens } from './units.js'

/** Contexts that are offered where a longer one does not fit are multiples of this. */
const STEP: Tokens = 256

/** A context shorter than this is no use to anybody. */
const LEAST: Tokens = 512

/** Whole on one GPU, or not at all. The KV cache's type is the compiled library's own: what is asked for does not count. */
export function placeWebLlm(
  profile: WebLlmProfile,
  settings: MemorySettings,
  room: readonly DeviceRoom[],
  correction: Correction | undefined,
): Verdict {
  const gpus = room.filter(({ device }) => device.kind !== 'ram').toSorted((a, b) => b.free - a.free)
  const gpu = gpus[0]
  if (gpu === undefined)
    return refused('it runs on a GPU only, and there is none', ['a GGUF model runs on the CPU'])
  if (settings.maxGpuLayers === 0) {
    return refused('it runs on a GPU only, and no layer is to be on one', ['a GGUF model runs on the CPU'])
  }
  if (settings.slots > 1) {
    return refused(`it runs one job at a time, and ${settings.slots} slots were asked for`, ['one slot'])
  }
  const split = [{ device: gpu.device.id, layers: 1 }]
  const partsAt = (contextLength: Tokens): readonly MemoryParts[] => {
    const parts = [partOf(profile, contextLength, gpu)]
    return correction ? corrected(correction, { ...settings, contextLength }, split, parts) : parts
  }
  const parts = partsAt(settings.contextLength)
  const needed = parts.reduce((sum, part) => sum + sumOf(part), 0)
  const figures = `${formatBytes(needed)} of ${formatBytes(gpu.free)} free on ${gpu.device.name}`
  if (needed > gpu.free) {
    return refused(
      `${formatBytes(needed - gpu.free)} too large: it takes ${figures}`,
      advice(settings.contextLength, (tokens) => sumOf(partsAt(tokens)[0]!) <= gpu.free),
      needed - gpu.free,
    )
  }
  return {
    fits: true,
    placement: {
      kind: 'gpu',
      gpuLayers: 1,
      split,
      bytes: parts.map((part) => ({ device: part.device, bytes: sumOf(part) })),
      parts,
      reason: `the GPU computes all of it: ${figures}`,
    },
  }
}

function partOf(
  { weights, kvBytesPerToken, fixed }: WebLlmProfile,
  contextLength: Tokens,
  gpu: DeviceRoom,
): MemoryParts {
  return {
    device: gpu.device.id,
    weights,
    kvCache: kvBytesPerToken * contextLength,
    compute: fixed,
    overhead: 0,
    learned: 0,
  }
}

/** A smaller context first, if one fits: the more context, the more memory. */
function advice(wanted: Tokens, fits: (tokens: Tokens) => boolean): readonly string[] {
  let low = 0
  let high = Math.ceil(wanted / STEP) - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle * STEP)) low = middle
    else high = middle - 1
  }
  const longest = low * STEP
  if (longest >= LEAST) return [`a context of ${longest} tokens instead of ${wanted} fits`]
  return ['take a smaller model, or one with fewer bits a weight', 'a GGUF model may run on the CPU']
}

function refused(reason: string, helps: readonly string[], missing: Bytes = 0): Verdict {
  return { fits: false, reason, advice: helps, missing }
}
