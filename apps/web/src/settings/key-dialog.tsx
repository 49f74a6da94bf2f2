import { useEffect, useState } from 'preact/hooks'
import { Button, Dialog, Field, TextInput, settings, updateSettings } from '../shell/index.js'

export interface KeyDialogProps {
  readonly open: boolean
  readonly onClose: () => void
}

/** Takes the key of the server that the page comes from. */
export function KeyDialog({ open, onClose }: KeyDialogProps) {
  const [key, setKey] = useState('')
  const [wrong, setWrong] = useState<string | undefined>()
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    if (!open) return
    setKey(settings.peek().ownKey ?? '')
    setWrong(undefined)
  }, [open])
  const save = async (): Promise<void> => {
    const typed = key.trim()
    // What is no header would make every request fail, and say nothing of the key.
    if (!/^[\x21-\x7e]*$/.test(typed)) {
      setWrong('A key has no spaces and no letters but plain ones.')
      return
    }
    setBusy(true)
    try {
      await updateSettings({ ownKey: typed === '' ? null : typed })
      onClose()
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Key of this server"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" busy={busy} onClick={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Field
          label="Key"
          error={wrong}
          hint="Whoever runs the server has it. It is kept in this browser and sent to this server only; leave it empty to forget it."
        >
          {(control) => (
            <TextInput
              {...control}
              type="password"
              autocomplete="off"
              value={key}
              onInput={(typed) => {
                setKey(typed)
                setWrong(undefined)
              }}
            />
          )}
        </Field>
        <button type="submit" hidden />
      </form>
    </Dialog>
  )
}
