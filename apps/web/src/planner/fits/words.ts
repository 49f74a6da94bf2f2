import type { FitPlan } from '@berth/budget'
import type { Tone } from '../../shell/index.js'

/** A verdict in a few words, with the colour that goes with it. */
export function verdictWords({ kind, devices }: FitPlan): { readonly text: string; readonly tone: Tone } {
  const unified = devices.some(({ on }) => on.kind === 'unified')
  const hasGpu = devices.some(({ on }) => on.kind === 'gpu')
  switch (kind) {
    case 'gpu':
    case 'foreign':
      return { text: unified ? 'Fits in unified memory' : 'Fits in the GPU', tone: 'ok' }
    case 'hybrid':
      return { text: unified ? 'Partly on the CPU' : 'Over VRAM: GPU and CPU', tone: 'warn' }
    case 'cpu':
      return { text: hasGpu ? 'Over VRAM: CPU only' : 'Fits, on the CPU', tone: 'warn' }
    case 'cannot':
      return { text: 'Too large: cannot be loaded', tone: 'danger' }
    default:
      return kind satisfies never
  }
}

/** Why it is placed so, in the words of the budget. Its figures are left to the bars, which have them in one unit. */
export function reasonOf({ verdict }: FitPlan): string {
  const reason = verdict.fits ? verdict.placement.reason : verdict.reason
  return reason.split(/: |; at best/)[0] ?? reason
}

/** What goes with a verdict that is no clear yes. */
export function warningOf({ kind, devices }: FitPlan): string | null {
  const hasGpu = devices.some(({ on }) => on.kind === 'gpu')
  if (kind === 'hybrid')
    return 'Every token waits for the CPU’s layers: expect it to be several times slower than on the GPU alone.'
  if (kind === 'cpu' && hasGpu) return 'The GPU does not help: expect it to be many times slower.'
  return null
}

export type PartName = 'weights' | 'kvCache' | 'compute' | 'overhead'

/** In the order in which they are stacked. */
export const PARTS: readonly { readonly name: PartName; readonly text: string }[] = [
  { name: 'weights', text: 'Weights' },
  { name: 'kvCache', text: 'KV cache' },
  { name: 'compute', text: 'Compute' },
  { name: 'overhead', text: 'Overhead' },
]
