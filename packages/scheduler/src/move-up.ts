import type { LoadPlan, MemoryView } from './plan-load.js'
import type { RunnerEntry } from './runner-entry.js'

/**
 * The plan by which an idle runner that is not wholly on the GPU takes a place there, without anybody
 * leaving for it; null where there is none. It is loaded again from the start: its KV cache is lost.
 */
export function moveUp(entry: RunnerEntry, memory: MemoryView): LoadPlan<RunnerEntry> | null {
  const { kind } = entry.spec.placement
  if (entry.state !== 'ready' || (kind !== 'cpu' && kind !== 'hybrid')) return null
  if (entry.pinned) return null
  const room = memory.room([entry])
  if (room.every(({ device }) => device.kind === 'ram')) return null
  const verdict = memory.place(entry.settings, room)
  if (!verdict.fits || verdict.placement.kind !== 'gpu') return null
  return {
    can: 'load',
    memorySettings: entry.settings,
    placement: verdict.placement,
    evict: [entry],
    drain: [],
    leaving: [],
  }
}
