import { emptyRoom, formatBytes, MACHINE_PRESETS, machineOf, PLANNED_ENGINE } from '@berth/budget'
import type { DeviceRoom, DeviceUsage, EngineFacts } from '@berth/budget'
import type { MachineView } from '../../host/index.js'
import type { MachineRef } from '../state.js'
import { BROWSER_ENGINE, BROWSER_MOST } from './engines.js'

/** A machine to plan for, with nothing of ours loaded. */
export interface PlannedMachine {
  readonly name: string
  readonly room: readonly DeviceRoom[]
  /** How GGUF models are run there. */
  readonly engine: EngineFacts
}

/** Of every memory, what a server leaves free unless it is told otherwise (`--memory-margin`). */
const MARGIN = 0.05

const GB = 1e9

/** A machine that can be told without asking anybody. */
export function localMachine(
  ref: Exclude<MachineRef, { kind: 'server' }>,
  browser: MachineView | null,
): PlannedMachine | null {
  if (ref.kind === 'browser') return browser === null ? null : browserMachine(browser)
  if (ref.kind === 'preset') {
    const preset = MACHINE_PRESETS.find(({ id }) => id === ref.id)
    return preset === undefined ? null : planned(preset.name, emptyRoom(preset.devices, MARGIN))
  }
  const devices = machineOf(
    ref.vram.map((gb) => gb * GB),
    ref.ram * GB,
  )
  const cards = ref.vram.map((gb) => `${gb} GB of VRAM`)
  return planned([...cards, `${ref.ram} GB of RAM`].join(' + '), emptyRoom(devices, MARGIN))
}

/** A server's machine by what its scheduler says of it. */
export function serverMachine(name: string, devices: readonly DeviceUsage[]): PlannedMachine {
  const room = devices.map(({ device, usable, foreign }) => ({
    device,
    free: Math.max(0, usable - foreign),
  }))
  return planned(name, room)
}

function browserMachine({ gpu, ram }: MachineView): PlannedMachine {
  const cards =
    gpu === null
      ? []
      : [{ id: 'gpu0', kind: 'gpu' as const, name: gpu.name || 'GPU', capacity: gpu.budgetBytes }]
  const host = { id: 'ram', kind: 'ram' as const, name: 'RAM', capacity: ram.budgetBytes }
  const room = [
    ...cards.map((device) => ({ device, free: device.capacity })),
    { device: host, free: Math.min(host.capacity, BROWSER_MOST) },
  ]
  return { name: 'this browser', room, engine: BROWSER_ENGINE }
}

function planned(name: string, room: readonly DeviceRoom[]): PlannedMachine {
  return { name, room, engine: PLANNED_ENGINE }
}

/** What there is for models, for people. */
export function roomText({ room }: PlannedMachine): string {
  return room.map(({ device, free }) => `${formatBytes(free, 'GB')} on ${device.name}`).join(', ')
}
