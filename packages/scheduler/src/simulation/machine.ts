import type { Bytes, Device, DeviceId, Tokens } from '@berth/budget'

/** A machine to simulate: its memories, how fast they are, and what its disk gives. */
export interface MachineModel {
  /** For people: "8 × H100 80 GB". */
  readonly name: string
  readonly devices: readonly MachineDevice[]
  /** Of the CPU; they are what the `ram` device computes with. */
  readonly cores: number
  /** Of every device, kept free. Absent: none. */
  readonly margin?: { readonly bytes?: Bytes; readonly fraction?: number }
  readonly load: {
    /** Read from the disk and put where they belong; loads at the same time share it. */
    readonly bytesPerSecond: number
    /** Beside that: a process that starts, a first token that is computed. */
    readonly fixedMs: number
  }
  /** From the wish that a model leave until its memory is back. */
  readonly unloadMs: number
  /** Tokens of a prompt in one step; other sequences' tokens are decoded in the same step. */
  readonly promptChunk: Tokens
  /** A step's own cost, whatever is in it: starting kernels. */
  readonly stepMs: number
  /** What each sequence adds to a step: sampling, detokenizing. */
  readonly sequenceMs: number
  /** A KV cache on its way to host memory and back. */
  readonly parkBytesPerSecond: number
}

export interface MachineDevice extends Device {
  /** Of its memory: a decode step reads all weights once. */
  readonly bytesPerSecond: number
  /** What models really get of it, not what its data sheet says. */
  readonly flopsPerSecond: number
}

/** The memory that a placement keeps on the host. */
export function hostOf(machine: MachineModel): MachineDevice {
  const host = machine.devices.find(({ kind }) => kind !== 'gpu')
  if (host === undefined)
    throw new RangeError(`${machine.name} has no host memory: expected a device of kind ram or unified`)
  return host
}

export function deviceOf(machine: MachineModel, id: DeviceId): MachineDevice {
  const device = machine.devices.find((each) => each.id === id)
  if (device === undefined) throw new RangeError(`${machine.name} has no device ${id}`)
  return device
}
