import { formatBytes } from '@berth/budget'
import type { MachineView } from '../host/index.js'
import { settings, updateSettings, useHost } from '../shell/index.js'
import { BudgetField } from './budget-field.js'
import { budgetText } from './budget-text.js'

/** What models may take, with what the machine says of itself. */
export function MemorySection() {
  const machine = useHost().view.value?.machine
  const { gpuBudgetBytes, ramBudgetBytes } = settings.value
  return (
    <>
      {machine !== undefined && <MachineFacts machine={machine} />}
      {machine?.gpu !== null && (
        <BudgetField
          label="GPU memory for models"
          hint={
            machine?.gpu === undefined
              ? 'Browsers do not tell how much there is.'
              : budgetText(machine.gpu.budgetBytes, machine.gpu.budgetFrom)
          }
          bytes={gpuBudgetBytes}
          onChange={(bytes) => updateSettings({ gpuBudgetBytes: bytes })}
        />
      )}
      <BudgetField
        label="Memory for models"
        hint={
          machine === undefined
            ? 'For models that run on the processor.'
            : budgetText(machine.ram.budgetBytes, machine.ram.budgetFrom)
        }
        bytes={ramBudgetBytes}
        onChange={(bytes) => updateSettings({ ramBudgetBytes: bytes })}
      />
    </>
  )
}

function MachineFacts({ machine: { gpu, noGpu, cores, threads } }: { readonly machine: MachineView }) {
  return (
    <dl class="settings-facts">
      <dt>GPU</dt>
      <dd>{gpu === null ? (noGpu ?? 'none') : gpu.software ? `${gpu.name} (simulated, slow)` : gpu.name}</dd>
      {gpu !== null && (
        <>
          <dt>Half precision</dt>
          <dd>{gpu.features.includes('shader-f16') ? 'yes' : 'no: models made for it do not run here'}</dd>
          <dt>Largest buffer</dt>
          <dd>{formatBytes(gpu.maxBufferBytes)}</dd>
        </>
      )}
      <dt>Processor cores</dt>
      <dd>{cores}</dd>
      <dt>Threads</dt>
      <dd>
        {threads ? 'yes' : 'no: the page is not isolated from others (its server sends no COOP and COEP)'}
      </dd>
    </dl>
  )
}
