import { useMemo, useState } from 'preact/hooks'
import {
  Button,
  Field,
  formatTokens,
  Icon,
  Menu,
  Segmented,
  Select,
  Spinner,
  useHost,
} from '../../shell/index.js'
import { machineText, modelText } from '../address/encode.js'
import { KV_TYPES, MOST_MODELS } from '../state.js'
import type { FitsState } from '../state.js'
import { changeFits, planner } from '../store.js'
import { AddModel } from './add-model.js'
import { FIT_EXAMPLES } from './examples.js'
import { roomText } from './machine.js'
import type { PlannedMachine } from './machine.js'
import { MachinePicker } from './machine-picker.js'
import { PlanCard } from './plan-card.js'
import { planModels } from './plan-models.js'
import { lookAgain, lookAtMachine, lookAtModel, trust } from './resolve.js'
import type { Looked } from './resolve.js'
import { StepSlider } from './step-slider.js'
import './fits.css'

const CONTEXTS = [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072, 262_144]
const SLOTS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]

/** Which models fit on which machine, at which settings. */
export function WhatFits() {
  const view = useHost().view.value
  const { fits } = planner.value
  const machine = lookAtMachine(fits.machine, view)
  const looked = fits.models.map((ref) => ({ ref, looked: lookAtModel(ref, view) }))
  const on = machine.state === 'ready' ? machine.value : null
  const facts = looked.map(({ looked: one }) => (one.state === 'ready' ? one.value : null))
  const planned = useMemo(
    () => (on === null ? [] : planModels(facts, on, fits)),
    // The host's view changes all the while; what is planned does not by that.
    [on === null ? '' : JSON.stringify(on.room), ...facts, fits],
  )
  const [adding, setAdding] = useState(false)
  return (
    <div class="planner-fits">
      <section class="planner-controls" aria-label="Machine and settings">
        <MachinePicker machine={fits.machine} view={view} onChange={(to) => changeFits({ machine: to })} />
        <MachineNote fits={fits} machine={machine} />
        <StepSlider
          label="Context of a slot"
          steps={CONTEXTS}
          value={fits.contextLength}
          text={(tokens) => `${formatTokens(tokens)} tokens`}
          onChange={(contextLength) => changeFits({ contextLength })}
        />
        <StepSlider
          label="Slots"
          steps={SLOTS}
          value={fits.slots}
          text={(slots) => (slots === 1 ? 'one at a time' : `${slots} at a time`)}
          onChange={(slots) => changeFits({ slots })}
        />
        <Field label="KV cache">
          {(control) => (
            <Select
              {...control}
              value={fits.kvType}
              options={KV_TYPES.map((type) => ({ value: type, label: type }))}
              onChange={(kvType) => changeFits({ kvType })}
            />
          )}
        </Field>
        <Segmented
          label="Models in memory"
          value={fits.together ? 'together' : 'alone'}
          options={[
            { value: 'alone', label: 'Each alone' },
            { value: 'together', label: 'All at once' },
          ]}
          onChange={(how) => changeFits({ together: how === 'together' })}
        />
        <Figures />
      </section>
      <section class="planner-results" aria-label="Models">
        <div class="planner-results-head">
          <h2>Models</h2>
          <Menu
            label="Examples"
            trigger={
              <>
                <Icon name="sparkle" size={16} /> Examples
              </>
            }
            items={FIT_EXAMPLES.map(({ name, fits: example }) => ({
              label: name,
              onSelect: () => changeFits(example),
            }))}
          />
          <Button
            icon="plus"
            size="s"
            disabled={fits.models.length >= MOST_MODELS}
            onClick={() => setAdding(true)}
          >
            Add a model
          </Button>
        </div>
        {fits.models.length === 0 && (
          <p class="planner-quiet">Add a model to see whether it fits, and what it takes.</p>
        )}
        <ul class="planner-cards">
          {looked.map(({ ref, looked: one }, index) => (
            <PlanCard
              key={`${index} ${modelText(ref)}`}
              modelRef={ref}
              looked={one}
              planned={planned[index] ?? null}
              onRemove={() => changeFits({ models: fits.models.toSpliced(index, 1) })}
            />
          ))}
        </ul>
      </section>
      <AddModel
        open={adding}
        view={view}
        onClose={() => setAdding(false)}
        onAdd={(model) => changeFits({ models: [...fits.models, model].slice(0, MOST_MODELS) })}
      />
    </div>
  )
}

interface MachineNoteProps {
  readonly fits: FitsState
  readonly machine: Looked<PlannedMachine>
}

function MachineNote({ fits: { machine: ref }, machine }: MachineNoteProps) {
  if (machine.state === 'loading')
    return (
      <p class="planner-quiet" role="status">
        <Spinner size={16} /> Asking what it has…
      </p>
    )
  if (machine.state === 'asks')
    return (
      <div class="planner-asks">
        <p>{machine.origin} is not among your servers.</p>
        <Button size="s" onClick={() => trust(machine.origin)}>
          Ask it
        </Button>
      </div>
    )
  if (machine.state === 'failed')
    return (
      <div class="planner-asks" role="alert">
        <p class="planner-problem">
          <Icon name="warning" size={16} /> {machine.why}
        </p>
        <Button size="s" icon="refresh" onClick={() => lookAgain(ref)}>
          Try again
        </Button>
      </div>
    )
  const why =
    ref.kind === 'browser'
      ? 'llama.cpp runs on the CPU here, in 4 GiB at most; WebLLM on the GPU.'
      : ref.kind === 'server'
        ? 'With nothing of its own loaded.'
        : 'A twentieth of each memory stays free.'
  return (
    <p class="planner-quiet" key={machineText(ref)}>
      For models: {roomText(machine.value)}. {why}
    </p>
  )
}

/** Where the figures come from, for who wonders. */
function Figures() {
  return (
    <details class="planner-details">
      <summary>How this is reckoned</summary>
      <p>
        By each model’s real key-value heads: 2 × layers × KV heads × head size × tokens × bytes, with windows
        where it has them. The formula that is often quoted takes the hidden size for the KV heads and is
        several times too large for models that share them, such as Llama 3 and Qwen3 (four times for
        Llama-3-8B). Compute buffers are laid out as llama.cpp does; the overhead is what a process takes on a
        GPU and beside it. Verdicts of published calculators come out the same; their figures may differ by
        this.
      </p>
    </details>
  )
}
