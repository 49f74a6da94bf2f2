import { MACHINE_PRESETS } from '@berth/budget'
import type { HostView } from '../../host/index.js'
import { Field, Select } from '../../shell/index.js'
import { machineText } from '../address/encode.js'
import { MOST_GPUS } from '../state.js'
import type { MachineRef } from '../state.js'
import { StepSlider } from './step-slider.js'

const VRAM = [0, 2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 141, 192]
const RAM = [4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1_024, 2_048]
const OWN: MachineRef = { kind: 'own', vram: [8], ram: 16 }

export interface MachinePickerProps {
  readonly machine: MachineRef
  readonly view: HostView | null
  readonly onChange: (machine: MachineRef) => void
}

/** Which machine to plan for: one that is here, one of a list, or one by its figures. */
export function MachinePicker({ machine, view, onChange }: MachinePickerProps) {
  const choices = choicesOf(view, machine)
  const chosen = machine.kind === 'own' ? machineText(OWN) : machineText(machine)
  return (
    <>
      <Field label="Machine">
        {(control) => (
          <Select
            {...control}
            value={chosen}
            options={choices.map(({ ref, label }) => ({ value: machineText(ref), label }))}
            onChange={(text) => {
              const found = choices.find(({ ref }) => machineText(ref) === text)
              if (found !== undefined) onChange(found.ref)
            }}
          />
        )}
      </Field>
      {machine.kind === 'own' && <OwnMachine machine={machine} onChange={onChange} />}
    </>
  )
}

function choicesOf(
  view: HostView | null,
  machine: MachineRef,
): readonly { readonly ref: MachineRef; readonly label: string }[] {
  const servers = (view?.servers ?? [])
    .filter(({ state }) => state === 'connected')
    .map(({ name, address }) => {
      const ref: MachineRef = { kind: 'server', address: address === location.origin ? '' : address }
      return { ref, label: `The machine of ${name}` }
    })
  const all = [
    { ref: OWN, label: 'By its figures' },
    ...servers,
    { ref: { kind: 'browser' } as const, label: 'This browser' },
    ...MACHINE_PRESETS.map(({ id, name }) => ({ ref: { kind: 'preset', id } as const, label: name })),
  ]
  // One that a link names and that is not connected.
  const isListed = machine.kind === 'own' || all.some(({ ref }) => machineText(ref) === machineText(machine))
  return isListed ? all : [...all, { ref: machine, label: machineText(machine) }]
}

interface OwnMachineProps {
  readonly machine: Extract<MachineRef, { kind: 'own' }>
  readonly onChange: (machine: MachineRef) => void
}

function OwnMachine({ machine, onChange }: OwnMachineProps) {
  const { vram, ram } = machine
  const first = vram[0] ?? 0
  const equal = vram.every((gb) => gb === first)
  const cards = (count: number, gb: number): MachineRef => ({
    ...machine,
    vram: gb === 0 ? [] : Array.from({ length: count }, () => gb),
  })
  return (
    <>
      <StepSlider
        label={vram.length > 1 ? 'VRAM of each GPU' : 'VRAM'}
        steps={VRAM}
        value={first}
        text={(gb) => (gb === 0 ? 'no GPU' : equal ? `${gb} GB` : `${vram.join(' + ')} GB`)}
        onChange={(gb) => onChange(cards(Math.max(1, vram.length), gb))}
      />
      {vram.length > 0 && (
        <StepSlider
          label="GPUs"
          steps={Array.from({ length: MOST_GPUS }, (_, index) => index + 1)}
          value={vram.length}
          text={String}
          onChange={(count) => onChange(cards(count, first))}
        />
      )}
      <StepSlider
        label="RAM"
        steps={RAM}
        value={ram}
        text={(gb) => `${gb} GB`}
        onChange={(gb) => onChange({ ...machine, ram: gb })}
      />
    </>
  )
}
