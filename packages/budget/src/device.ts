import type { Bytes, DeviceId } from './units.js'

/** One memory of the machine. Unified memory (Apple, integrated GPUs) is one device, `unified`, not two. */
export interface Device {
  readonly id: DeviceId
  readonly kind: 'gpu' | 'ram' | 'unified'
  /** For people: "NVIDIA L4", "RAM". */
  readonly name: string
  /** All there is of it, others' use included. */
  readonly capacity: Bytes
}

/** A device and how much of it may be taken at the moment of asking. */
export interface DeviceRoom {
  readonly device: Device
  readonly free: Bytes
}
