import { formatBytes } from '@berth/budget'
import type { MachineView } from '../host/index.js'

/** What models can use of a machine, in a sentence for people. */
export function machineText({ gpu, noGpu, ram, cores }: MachineView): string {
  const processor = `${cores} ${cores === 1 ? 'processor core' : 'processor cores'} and ${formatBytes(ram.budgetBytes)} of memory for models`
  if (gpu === null) return `${processor}; no GPU: ${noGpu ?? 'this browser offers none'}`
  const name = gpu.software ? `a simulated GPU (${gpu.name}), which is slow` : gpu.name
  return `${name} with ${formatBytes(gpu.budgetBytes)} for models, ${processor}`
}
