import { useState } from 'preact/hooks'
import { Button, Dialog, Field, TextInput, settings, toast, updateSettings } from '../shell/index.js'
import { checkModelAddress } from './check-address.js'

export interface AddModelProps {
  readonly open: boolean
  readonly onClose: () => void
}

/** Takes the address of a model that is in no list. */
export function AddModel({ open, onClose }: AddModelProps) {
  const [address, setAddress] = useState('')
  const [error, setError] = useState<string | undefined>()
  const [busy, setBusy] = useState(false)
  const close = (): void => {
    setAddress('')
    setError(undefined)
    onClose()
  }
  const add = async (): Promise<void> => {
    const known = settings.peek().modelAddresses
    const checked = checkModelAddress(address, known)
    if (!checked.ok) {
      setError(checked.why)
      return
    }
    setBusy(true)
    try {
      await updateSettings({ modelAddresses: [...known, checked.address] })
      toast('Added. It is in the list as soon as its description has been read.', { kind: 'ok' })
      close()
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Add a model by its address"
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button variant="primary" busy={busy} onClick={() => void add()}>
            Add
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        <Field
          label="Address"
          error={error}
          hint={
            <>
              One of three: a file that ends in <code>.gguf</code>; the list of another Berth, which ends in{' '}
              <code>/web-models/</code>; or the folder of a WebLLM model, a space, and its compiled library,
              which ends in <code>.wasm</code>. Its server must let other pages read it (CORS).
            </>
          }
        >
          {(control) => (
            <TextInput
              {...control}
              inputMode="url"
              autocomplete="off"
              placeholder="https://models.example/tiny.gguf"
              value={address}
              onInput={(value) => {
                setAddress(value)
                setError(undefined)
              }}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}
