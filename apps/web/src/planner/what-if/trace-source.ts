import { signal, type ReadonlySignal } from '@preact/signals'
import { machineNamed as presetNamed, MACHINES } from '@berth/scheduler/simulation'
import type { MachineModel } from '@berth/scheduler/simulation'
import type { PolicyColumn, WhatIfState } from '../state.js'
import { EXAMPLES } from './examples.js'
import type { RunOrder } from './run.js'

/** A trace that was opened here: too long for an address. */
export interface OwnTrace {
  readonly name: string
  readonly text: string
  /** Tells one from the next. */
  readonly version: number
}

export const OWN = 'own'

/** What a page can be expected to hold three times. Bytes. */
const LARGEST = 64 * 2 ** 20

const own = signal<OwnTrace | null>(null)

export const ownTrace: ReadonlySignal<OwnTrace | null> = own

/** @throws RangeError for one that is too long. What is wrong in it the simulator says. */
export function openTrace(name: string, text: string): void {
  if (text.length > LARGEST)
    throw new RangeError(
      `${name} has ${Math.round(text.length / 2 ** 20)} MiB: expected at most ${LARGEST / 2 ** 20} MiB; "berth simulate" takes longer ones`,
    )
  own.value = { name, text, version: (own.peek()?.version ?? 0) + 1 }
}

/** What is to be run: null for an example that nobody knows, or a trace that is not here. */
export interface Subject {
  readonly name: string
  readonly about: string
  /** Changes with everything that a run depends on but for the column. */
  readonly key: string
  readonly orderFor: (column: PolicyColumn) => RunOrder
}

export function subjectOf({ example, machine }: WhatIfState, trace: OwnTrace | null): Subject | null {
  const preset = machineNamed(machine)
  if (example === OWN) {
    if (trace === null) return null
    const on: MachineModel = preset ?? presetNamed('rtx-4090')
    return {
      name: trace.name,
      about: `Your own trace, on ${on.name}.`,
      key: `${OWN} ${trace.version} ${machine}`,
      orderFor: (column) => ({ trace: trace.text, machine: on, ...schedulerOf(column) }),
    }
  }
  const found = EXAMPLES.find(({ id }) => id === example)
  if (found === undefined) return null
  return {
    name: found.name,
    about: found.about,
    key: `${example} ${machine}`,
    orderFor: (column) => ({
      trace: found.trace,
      machine: preset ?? found.machine,
      ...schedulerOf(column, found.settings),
    }),
  }
}

/** The scheduler that a column stands for. */
export function schedulerOf(
  { policy, eviction, preempt }: PolicyColumn,
  settings: RunOrder['settings'] = {},
): Pick<RunOrder, 'settings' | 'oracle'> {
  if (eviction === 'oracle') return { settings: { ...settings, policy, preempt }, oracle: true }
  return { settings: { ...settings, policy, preempt, eviction }, oracle: false }
}

/** Undefined for a name that is in no list. */
function machineNamed(name: string): MachineModel | undefined {
  return Object.entries<MachineModel>(MACHINES).find(([preset]) => preset === name)?.[1]
}

export const MACHINE_CHOICES: readonly { readonly value: string; readonly label: string }[] = [
  { value: '', label: 'As the example has it' },
  ...Object.entries<MachineModel>(MACHINES).map(([value, { name: label }]) => ({ value, label })),
]

export function columnKey({ policy, eviction, preempt }: PolicyColumn): string {
  return `${policy} ${eviction} ${preempt ? 'preempt' : ''}`
}

/** "fair, least recently used, preemption" */
export function columnName({ policy, eviction, preempt }: PolicyColumn): string {
  return `${policy} · ${eviction} · ${preempt ? 'preempts' : 'does not preempt'}`
}
