import type { Device, DeviceRoom, EngineFacts } from '@berth/budget'

export const GIB = 2 ** 30

/** How the llama backend runs the engine. */
export const ENGINE: EngineFacts = {
  batchSize: 512,
  flashAttention: true,
  contexts: 'shared',
  cpuFeatures: ['AVX2', 'REPACK'],
  mmap: 'unless-repacked',
  hostOverhead: 100e6,
  gpuOverhead: 450e6,
}

export function gpu(index: number, free: number): DeviceRoom {
  return { device: device(`gpu${index}`, 'gpu', free), free }
}

export function ram(free: number): DeviceRoom {
  return { device: device('ram', 'ram', free), free }
}

export function unified(free: number): DeviceRoom {
  return { device: device('unified', 'unified', free), free }
}

export function device(id: string, kind: Device['kind'], capacity: number): Device {
  return { id, kind, name: id.toUpperCase(), capacity }
}
