import { parametersOf, PLANNED_ENGINE, ProfileError, profileFromNumbers } from '@berth/budget'
import { useState } from 'preact/hooks'
import { Button, Field, formatCount, Segmented, TextInput } from '../../shell/index.js'
import type { CardNumbers, ModelRef } from '../state.js'

const FIGURES = [
  { name: 'layers', label: 'Layers', usual: '32' },
  { name: 'kvHeads', label: 'KV heads', usual: '8' },
  { name: 'headSize', label: 'Head size', usual: '128' },
  { name: 'hidden', label: 'Hidden size', usual: '4096' },
  { name: 'vocabulary', label: 'Vocabulary', usual: '128256' },
] as const

type Typed = Readonly<Record<(typeof FIGURES)[number]['name'] | 'weights', string>>

const USUAL: Typed = {
  layers: '32',
  kvHeads: '8',
  headSize: '128',
  hidden: '4096',
  vocabulary: '128256',
  weights: '4.8',
}

/** A model by what its card says, for those that are nowhere to be asked. */
export function NumbersForm({ onAdd }: { readonly onAdd: (model: ModelRef) => void }) {
  const [name, setName] = useState('')
  const [typed, setTyped] = useState(USUAL)
  const [unit, setUnit] = useState<'bits' | 'GB'>('bits')
  const [error, setError] = useState<string | undefined>()
  const set = (field: keyof Typed) => (value: string) => {
    setTyped((before) => ({ ...before, [field]: value }))
    setError(undefined)
  }
  const figures = {
    layers: figureOf(typed.layers),
    kvHeads: figureOf(typed.kvHeads),
    headSize: figureOf(typed.headSize),
    hidden: figureOf(typed.hidden),
    vocabulary: figureOf(typed.vocabulary),
  }
  const parameters = parametersOf(figures)
  return (
    <form
      class="planner-form"
      onSubmit={(event) => {
        event.preventDefault()
        const amount = Number(typed.weights.replace(',', '.'))
        const weights = Math.round(unit === 'GB' ? amount * 1e9 : (parameters * amount) / 8)
        const numbers: CardNumbers = { ...figures, weights }
        try {
          // Says what is wrong while it can be mended.
          profileFromNumbers(numbers, PLANNED_ENGINE)
          onAdd({ kind: 'numbers', name: name.trim(), numbers })
        } catch (problem) {
          if (!(problem instanceof ProfileError)) throw problem
          setError(problem.message)
        }
      }}
    >
      <Field label="Name">
        {(control) => <TextInput {...control} value={name} onInput={setName} placeholder="My model" />}
      </Field>
      <div class="planner-figures">
        {FIGURES.map(({ name: field, label, usual }) => (
          <Field key={field} label={label}>
            {(control) => (
              <TextInput
                {...control}
                inputMode="decimal"
                placeholder={usual}
                value={typed[field]}
                onInput={set(field)}
              />
            )}
          </Field>
        ))}
      </div>
      <Field
        label={unit === 'GB' ? 'Weights, in GB' : 'Bits a weight'}
        error={error}
        hint={
          Number.isFinite(parameters) && parameters > 0
            ? `These figures make about ${formatCount(parameters)} parameters.`
            : undefined
        }
      >
        {(control) => (
          <TextInput {...control} inputMode="decimal" value={typed.weights} onInput={set('weights')} />
        )}
      </Field>
      <Segmented
        label="How the weights are given"
        value={unit}
        options={[
          { value: 'bits', label: 'Bits a weight' },
          { value: 'GB', label: 'Size' },
        ]}
        onChange={setUnit}
      />
      <Button type="submit" variant="primary">
        Add
      </Button>
    </form>
  )
}

function figureOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text.replaceAll(/[\s,]/g, ''))
}
