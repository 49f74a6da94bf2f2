import { formatBytes } from '@berth/budget'
import type { MachineView } from '../host/index.js'

/** What models can use of a machine, for people. */
export function machineText({ gpu, noGpu, ram, cores }: MachineView): string {
  const processor = `${cores} ${cores === 1 ? 'processor core' : 'processor cores'} and ${formatBytes(ram.budgetBytes)} of memory for models`
  if (gpu === null) return `${processor}. No GPU: ${noGpu ?? 'this browser offers none'}.`
  const kind = gpu.software ? `${gpu.name}, a simulated GPU and slow,` : gpu.name
  return `${kind} with ${formatBytes(gpu.budgetBytes)} for models; ${processor}.`
}
