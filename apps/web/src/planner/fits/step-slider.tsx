import { useId } from 'preact/hooks'

export interface StepSliderProps {
  readonly label: string
  /** What it stops at, ascending. */
  readonly steps: readonly number[]
  /** May lie between two of them, as an address has it. */
  readonly value: number
  readonly text: (value: number) => string
  readonly onChange: (value: number) => void
}

/** A slider over values that are not evenly spaced; what it stands at is said in words. */
export function StepSlider({ label, steps, value, text, onChange }: StepSliderProps) {
  const id = useId()
  const above = steps.findIndex((step) => step >= value)
  const at = above < 0 ? steps.length - 1 : above
  return (
    <div class="planner-slider">
      <label for={id}>{label}</label>
      <output for={id}>{text(value)}</output>
      <input
        id={id}
        type="range"
        min={0}
        max={steps.length - 1}
        step={1}
        value={at}
        aria-valuetext={text(value)}
        onInput={(event) => {
          const chosen = steps[Number(event.currentTarget.value)]
          if (chosen !== undefined) onChange(chosen)
        }}
      />
    </div>
  )
}
