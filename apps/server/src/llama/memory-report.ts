import type { Bytes, DeviceBytes, Placement } from '@berth/budget'
import type { EngineMemory } from './protocol.js'

/**
 * What the engine holds, by the placement's devices. The engine tells one figure for all GPUs: it is split
 * as the layers are. `overhead` is the child's process itself, which the engine does not count.
 */
export function memoryByDevice(
  memory: EngineMemory,
  placement: Placement,
  overhead: { readonly host: Bytes; readonly gpu: Bytes },
): DeviceBytes[] {
  const devices = placement.bytes.map(({ device }) => device)
  if (devices.includes('unified')) {
    return [{ device: 'unified', bytes: memory.ram + memory.vram + overhead.host + overhead.gpu }]
  }
  const layers = placement.split.reduce((sum, part) => sum + part.layers, 0)
  const gpus = placement.split
    .filter((part) => part.layers > 0)
    .map((part) => ({
      device: part.device,
      bytes: Math.round((memory.vram * part.layers) / layers) + overhead.gpu,
    }))
  const host = devices.find((device) => !gpus.some((gpu) => gpu.device === device)) ?? 'ram'
  return [{ device: host, bytes: memory.ram + overhead.host }, ...gpus]
}
