import type { ComponentChildren, TargetedInputEvent } from 'preact'
import { useId } from 'preact/hooks'
import { Icon, type IconName } from './icons.js'
import './field.css'

export interface FieldProps {
  readonly label: string
  readonly hint?: ComponentChildren
  /** What is wrong and what would be right. */
  readonly error?: string | undefined
  /** The control, which takes these over. */
  readonly children: (control: FieldControl) => ComponentChildren
}

export interface FieldControl {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': boolean | undefined
}

/** A control with its name above it, and what there is to say about it below. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId()
  const about = `${id}-about`
  const says = hint !== undefined || error !== undefined
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {children({
        id,
        'aria-describedby': says ? about : undefined,
        'aria-invalid': error === undefined ? undefined : true,
      })}
      {says && (
        <div class="field-about" id={about}>
          {error !== undefined && (
            <p class="field-error" role="alert">
              <Icon name="warning" size={16} /> {error}
            </p>
          )}
          {hint !== undefined && <p>{hint}</p>}
        </div>
      )}
    </div>
  )
}

export interface TextInputProps extends Partial<FieldControl> {
  readonly type?: 'text' | 'password'
  readonly icon?: IconName
  readonly value: string
  readonly onInput: (value: string, event: TargetedInputEvent<HTMLInputElement>) => void
  readonly onBlur?: () => void
  readonly placeholder?: string
  readonly autocomplete?: string
  readonly inputMode?: 'decimal' | 'url' | 'search'
  readonly disabled?: boolean
  readonly required?: boolean
  /** Where no `Field` gives it a name. */
  readonly 'aria-label'?: string
}

export function TextInput({ icon, type = 'text', onInput, ...rest }: TextInputProps) {
  const changed = (event: TargetedInputEvent<HTMLInputElement>): void =>
    onInput(event.currentTarget.value, event)
  const shared = { ...rest, class: 'input', onInput: changed, spellcheck: false }
  const input =
    type === 'password' ? <input {...shared} type="password" /> : <input {...shared} type="text" />
  if (icon === undefined) return input
  return (
    <span class="input-with-icon">
      <Icon name={icon} size={16} />
      {input}
    </span>
  )
}

export interface Option<Value extends string> {
  readonly value: Value
  readonly label: string
}

export interface SelectProps<Value extends string> extends Partial<FieldControl> {
  readonly 'aria-label'?: string
  readonly value: Value
  readonly options: readonly Option<Value>[]
  readonly onChange: (value: Value) => void
}

export function Select<Value extends string>({ value, options, onChange, ...rest }: SelectProps<Value>) {
  return (
    <span class="select">
      <select
        {...rest}
        class="input"
        value={value}
        onChange={(event) => {
          const chosen = options.find((option) => option.value === event.currentTarget.value)
          if (chosen !== undefined) onChange(chosen.value)
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <Icon name="chevron-down" size={16} />
    </span>
  )
}

export interface SegmentedProps<Value extends string> {
  /** What is chosen here. */
  readonly label: string
  readonly value: Value
  readonly options: readonly (Option<Value> & { readonly icon?: IconName })[]
  readonly onChange: (value: Value) => void
}

/** One of a few that stand side by side; radio buttons to keyboard and screen reader. */
export function Segmented<Value extends string>({ label, value, options, onChange }: SegmentedProps<Value>) {
  const name = useId()
  return (
    <div class="segmented" role="radiogroup" aria-label={label}>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span class="segmented-face">
            {option.icon !== undefined && <Icon name={option.icon} size={16} />}
            {option.label}
          </span>
        </label>
      ))}
    </div>
  )
}
