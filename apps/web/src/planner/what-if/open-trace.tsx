import { useState } from 'preact/hooks'
import { Button, Dialog, Field } from '../../shell/index.js'
import { openTrace } from './trace-source.js'

/** Takes a trace of the user's own: a file, or what is pasted. It stays in this page. */
export function OpenTrace({ onOpen }: { readonly onOpen: () => void }) {
  const [open, setOpen] = useState(false)
  const [text, setText] = useState('')
  const [error, setError] = useState<string | undefined>()
  const take = (name: string, trace: string): void => {
    try {
      openTrace(name, trace)
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem))
      return
    }
    setOpen(false)
    setText('')
    setError(undefined)
    onOpen()
  }
  return (
    <>
      <Button icon="file" size="s" onClick={() => setOpen(true)}>
        Your own trace
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title="Your own trace"
        actions={
          <Button variant="primary" disabled={text.trim() === ''} onClick={() => take('pasted', text)}>
            Simulate
          </Button>
        }
      >
        <div class="planner-form">
          <Field
            label="A file"
            hint="JSON Lines, as the server records it and docs/simulator.md describes it. It has no texts, and stays in this browser."
          >
            {(control) => (
              <input
                {...control}
                type="file"
                accept=".jsonl,.ndjson,.json,.txt"
                onChange={(event) => {
                  const file = event.currentTarget.files?.[0]
                  if (file === undefined) return
                  file.text().then(
                    (trace) => take(file.name, trace),
                    (problem: unknown) => setError(String(problem)),
                  )
                }}
              />
            )}
          </Field>
          <Field label="Or its lines" error={error}>
            {(control) => (
              <textarea
                {...control}
                class="input what-if-paste"
                rows={8}
                spellcheck={false}
                placeholder={'{"type":"trace","version":1}'}
                value={text}
                onInput={(event) => {
                  setText(event.currentTarget.value)
                  setError(undefined)
                }}
              />
            )}
          </Field>
        </div>
      </Dialog>
    </>
  )
}
