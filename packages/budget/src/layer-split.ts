import type { Bytes } from './units.js'

/** A GPU that may take a run of consecutive layers. */
export interface LayerTaker {
  readonly free: Bytes
  /** What the layers from `from` to before `to` take there; grows with the run. */
  readonly needs: (from: number, to: number) => Bytes
}

/**
 * Deals the layers from `from` to before `to` out to GPUs, in order and each GPU a run of them: as near as
 * can be to shares by free memory, which is how llama.cpp splits by itself, and so that every run fits where
 * that is possible at all.
 * @returns how many layers each takes; null where they do not fit.
 */
export function splitLayers(from: number, to: number, gpus: readonly LayerTaker[]): readonly number[] | null {
  const earliest = earliestEnds(from, to, gpus)
  if (!earliest) return null
  const free = gpus.reduce((sum, gpu) => sum + gpu.free, 0)
  const counts: number[] = []
  let at = from
  let share = 0
  for (const [index, gpu] of gpus.entries()) {
    share += gpu.free
    const wish = from + Math.round(((to - from) * share) / Math.max(1, free))
    const end = Math.min(furthest(gpu, at, to), Math.max(earliest[index] ?? to, wish))
    counts.push(end - at)
    at = end
  }
  return at === to ? counts : null
}

/** Where each GPU's run must end at the earliest for the GPUs after it to hold the rest; null where they cannot. */
function earliestEnds(from: number, to: number, gpus: readonly LayerTaker[]): readonly number[] | null {
  const ends: number[] = []
  let end = to
  for (const gpu of gpus.toReversed()) {
    ends.unshift(end)
    let start = end
    while (start > from && gpu.needs(start - 1, end) <= gpu.free) start--
    end = start
  }
  return end <= from ? ends : null
}

function furthest(gpu: LayerTaker, from: number, to: number): number {
  let end = from
  while (end < to && gpu.needs(from, end + 1) <= gpu.free) end++
  return end
}
