import { planLoad, type LoadPlan, type LoadQuestion, type MemoryView } from './plan-load.js'
import type { RunnerEntry, RunnerView } from './runner-entry.js'

/** Whether a runner could be faster elsewhere: a part of it is not on a GPU that there is, and nobody pinned it. */
export function mayMoveUp({ spec, pinned }: RunnerView, memory: MemoryView): boolean {
  const { kind } = spec.placement
  if (pinned || (kind !== 'cpu' && kind !== 'hybrid')) return false
  return memory.room([]).some(({ device }) => device.kind !== 'ram')
}

/**
 * The plan by which the line of a busy runner that is not wholly on the GPU gets a place there, beside it; idle
 * runners may leave for that, as for any load. Null where there is none. Under load no idle moment would come.
 */
export function moveUpBeside<R extends RunnerView>(question: LoadQuestion<R>, busy: R): LoadPlan<R> | null {
  if (!mayMoveUp(busy, question.memory)) return null
  const { contextLength, kvType, adapters } = busy.spec
  // No less than is there: what serves one request must serve the next.
  const wish = { ...question.wish, contextLength, kvType, adapters }
  const plan = planLoad({ ...question, wish, mayDrain: false, givesWay: () => false, replaces: null })
  return plan.can === 'load' && plan.placement.kind === 'gpu' ? plan : null
}

/**
 * The plan by which an idle runner that is not wholly on the GPU takes a place there, without anybody
 * leaving for it; null where there is none. It is loaded again from the start: its KV cache is lost.
 */
export function moveUp(entry: RunnerEntry, memory: MemoryView): LoadPlan<RunnerEntry> | null {
  if (entry.state !== 'ready' || !mayMoveUp(entry, memory)) return null
  const room = memory.room([entry])
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
