import { MACHINE_PRESETS, type Device } from '@berth/budget'
import type { MachineDevice, MachineModel } from './machine.js'

const GB = 1e9
const TERA = 1e12

/**
 * Data sheets say what a device could do; llama.cpp and its like get about so much of it. Memory bandwidth is
 * what decoding is bound by, arithmetic what prompts are bound by.
 */
const OF_BANDWIDTH = 0.7
const OF_FLOPS = 0.35

/** What data sheets say: GB/s of memory, and dense teraflops with 16-bit floats. By the beginning of a device's name. */
const SHEETS: readonly (readonly [name: string, bandwidth: number, teraflops: number])[] = [
  ['H200', 4_800, 989],
  ['H100', 3_350, 989],
  ['A100', 2_039, 312],
  ['L40', 864, 181],
  ['L4', 300, 121],
  ['RTX 4090', 1_008, 165],
  ['RTX 4060', 272, 60],
  ['RTX 3060', 360, 51],
]

/** A GPU that is not among them, and Apple's M series without a letter behind it. */
const ANY_GPU = [400, 60] as const
const UNIFIED = [120, 8] as const

/** Of host memory, and of one core of a CPU with vector instructions. */
const HOST_BANDWIDTH = 50
const SERVER_BANDWIDTH = 200
const CORE_TERAFLOPS = 0.05

/** From so many bytes of host memory on, it is a server. */
const SERVER = 200 * GB

export interface MachineOptions {
  /** For people. */
  readonly name?: string
  /** Absent: 4 of a laptop, 16 of a machine with a GPU, 64 of a server. */
  readonly cores?: number
}

/** A machine of these memories, as fast as their names let expect. Round figures: a recording of a real run knows better. */
export function machineWith(devices: readonly Device[], { name, cores }: MachineOptions = {}): MachineModel {
  const host = devices.find(({ kind }) => kind !== 'gpu')
  const hasGpu = devices.some(({ kind }) => kind !== 'ram')
  const isServer = (host?.capacity ?? 0) >= SERVER
  const count = cores ?? (isServer ? 64 : hasGpu ? 16 : 4)
  return {
    name: name ?? devices.map((device) => device.name).join(', '),
    devices: devices.map((device) => withSpeed(device, count, isServer)),
    cores: count,
    // A server has its files in memory after the first load, or on several disks.
    load: { bytesPerSecond: (isServer ? 8 : hasGpu ? 2.5 : 1) * GB, fixedMs: 900 },
    unloadMs: 200,
    promptChunk: hasGpu ? 512 : 64,
    stepMs: 0.5,
    sequenceMs: 0.1,
    parkBytesPerSecond: 1.5 * GB,
  }
}

/** The machines of `MACHINE_PRESETS` by their ids. */
export const MACHINES: Readonly<Record<string, MachineModel>> = Object.fromEntries(
  MACHINE_PRESETS.map(({ id, name, devices }) => [id, machineWith(devices, { name })]),
)

/** @throws RangeError that names the presets there are. */
export function machineNamed(id: string): MachineModel {
  const found = Object.hasOwn(MACHINES, id) ? MACHINES[id] : undefined
  if (found !== undefined) return found
  const ids = Object.keys(MACHINES).join(', ')
  throw new RangeError(`There is no machine ${JSON.stringify(id)}: expected one of ${ids}`)
}

function withSpeed(device: Device, cores: number, isServer: boolean): MachineDevice {
  const sheet = SHEETS.find(([name]) => device.name.startsWith(name))
  if (device.kind === 'ram') {
    const bandwidth = isServer ? SERVER_BANDWIDTH : HOST_BANDWIDTH
    return {
      ...device,
      bytesPerSecond: bandwidth * GB * OF_BANDWIDTH,
      flopsPerSecond: cores * CORE_TERAFLOPS * TERA,
    }
  }
  const [bandwidth, teraflops] =
    sheet === undefined ? (device.kind === 'unified' ? UNIFIED : ANY_GPU) : [sheet[1], sheet[2]]
  return {
    ...device,
    bytesPerSecond: bandwidth * GB * OF_BANDWIDTH,
    flopsPerSecond: teraflops * TERA * OF_FLOPS,
  }
}
