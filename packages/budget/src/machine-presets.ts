import type { Device, DeviceRoom } from './device.js'
import type { Bytes } from './units.js'

/** A machine that one may have in mind. */
export interface MachinePreset {
  /** For addresses and command lines: `rtx-4090`. */
  readonly id: string
  readonly name: string
  readonly devices: readonly Device[]
}

const GIB: Bytes = 2 ** 30

/** Memory is sold by its power of two, whatever the box says. */
function card(index: number, name: string, gib: number): Device {
  return { id: `gpu${index}`, kind: 'gpu', name, capacity: gib * GIB }
}

function ram(gib: number): Device {
  return { id: 'ram', kind: 'ram', name: 'RAM', capacity: gib * GIB }
}

/** What macOS lets the GPU have of the memory unless told otherwise (`recommendedMaxWorkingSetSize`): three quarters. */
function apple(gib: number): readonly Device[] {
  return [{ id: 'unified', kind: 'unified', name: 'unified memory', capacity: gib * 0.75 * GIB }]
}

function cards(count: number, name: string, gib: number, host: number): readonly Device[] {
  return [...Array.from({ length: count }, (_, index) => card(index, name, gib)), ram(host)]
}

function machine(id: string, name: string, devices: readonly Device[]): MachinePreset {
  return { id, name, devices }
}

/** From a small laptop to a rack, by what they hold. GPUs of the A100 and H100 kind report a little less than 80 GiB. */
export const MACHINE_PRESETS: readonly MachinePreset[] = [
  machine('laptop-8gb', 'Laptop, 8 GB, no GPU', [ram(8)]),
  machine('laptop-16gb', 'Laptop, 16 GB, no GPU', [ram(16)]),
  machine('apple-16gb', 'Apple M series, 16 GB', apple(16)),
  machine('apple-32gb', 'Apple M series, 32 GB', apple(32)),
  machine('apple-64gb', 'Apple M series, 64 GB', apple(64)),
  machine('apple-128gb', 'Apple M series, 128 GB', apple(128)),
  machine('rtx-4060', 'RTX 4060, 8 GB, and 16 GB of RAM', cards(1, 'RTX 4060', 8, 16)),
  machine('rtx-3060', 'RTX 3060, 12 GB, and 32 GB of RAM', cards(1, 'RTX 3060', 12, 32)),
  machine('rtx-4090', 'RTX 4090, 24 GB, and 64 GB of RAM', cards(1, 'RTX 4090', 24, 64)),
  machine('2x-rtx-4090', '2 × RTX 4090, 24 GB each, and 128 GB of RAM', cards(2, 'RTX 4090', 24, 128)),
  machine('l4', 'L4, 24 GB, and 64 GB of RAM', cards(1, 'L4', 24, 64)),
  machine('a100', 'A100, 80 GB, and 256 GB of RAM', cards(1, 'A100', 79.5, 256)),
  machine('h100', 'H100, 80 GB, and 256 GB of RAM', cards(1, 'H100', 79.5, 256)),
  machine('2x-h100', '2 × H100, 80 GB each, and 512 GB of RAM', cards(2, 'H100', 79.5, 512)),
  machine('4x-h100', '4 × H100, 80 GB each, and 1 TB of RAM', cards(4, 'H100', 79.5, 1024)),
  machine('8x-h100', '8 × H100, 80 GB each, and 2 TB of RAM', cards(8, 'H100', 79.5, 2048)),
]

/**
 * A machine by its figures alone.
 * @param vram of each GPU; none: a machine without one.
 */
export function machineOf(vram: readonly Bytes[], host: Bytes): readonly Device[] {
  const gpus = vram.map((capacity, index): Device => {
    return { id: `gpu${index}`, kind: 'gpu', name: vram.length === 1 ? 'GPU' : `GPU ${index + 1}`, capacity }
  })
  return [...gpus, { id: 'ram', kind: 'ram', name: 'RAM', capacity: host }]
}

/**
 * What models may take of a machine on which nothing else runs.
 * @param margin the share of each memory that stays free, from 0 to 1: as `MemoryBudget` takes it.
 */
export function emptyRoom(devices: readonly Device[], margin: number): readonly DeviceRoom[] {
  return devices.map((device) => ({ device, free: Math.floor(device.capacity * (1 - margin)) }))
}
