import type { Bytes } from '@berth/budget'
import { useEffect, useState } from 'preact/hooks'
import { Button, Field, TextInput, toastError } from '../shell/index.js'
import { readBudget, writeBudget } from './budget-text.js'

export interface BudgetFieldProps {
  readonly label: string
  /** What holds now, in words. */
  readonly hint: string
  readonly bytes: Bytes | null
  readonly onChange: (bytes: Bytes | null) => Promise<void>
}

/** A budget in GiB, taken over when it is left or Enter is pressed. */
export function BudgetField({ label, hint, bytes, onChange }: BudgetFieldProps) {
  const [text, setText] = useState(() => writeBudget(bytes))
  const [error, setError] = useState<string | undefined>()
  useEffect(() => setText(writeBudget(bytes)), [bytes])
  const take = (typed: string): void => {
    const read = readBudget(typed)
    if ('error' in read) {
      setError(read.error)
      return
    }
    setError(undefined)
    if (read.bytes !== bytes) onChange(read.bytes).catch(toastError)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        take(text)
      }}
    >
      <Field label={label} hint={hint} error={error}>
        {(control) => (
          <div class="settings-budget">
            <TextInput
              {...control}
              inputMode="decimal"
              autocomplete="off"
              placeholder="Automatic"
              value={text}
              onInput={setText}
              onBlur={() => take(text)}
            />
            <span aria-hidden="true">GiB</span>
            {bytes !== null && (
              <Button
                variant="ghost"
                onClick={() => {
                  setText('')
                  take('')
                }}
              >
                Automatic
              </Button>
            )}
          </div>
        )}
      </Field>
    </form>
  )
}
