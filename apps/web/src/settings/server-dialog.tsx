import { useEffect, useState } from 'preact/hooks'
import type { ServerSetting } from '../storage/index.js'
import {
  Button,
  Dialog,
  Field,
  Select,
  TextInput,
  settings,
  toast,
  updateSettings,
  type Option,
} from '../shell/index.js'
import { checkServer, type CheckedServer, type ServerDraft } from './check-server.js'

const KINDS: readonly Option<ServerSetting['kind']>[] = [
  { value: 'berth', label: 'Berth' },
  { value: 'ollama', label: 'Ollama' },
  { value: 'openai', label: 'Compatible with OpenAI' },
]

const BLANK: ServerDraft = { name: '', address: '', kind: 'berth', key: '' }

export interface ServerDialogProps {
  readonly open: boolean
  /** The server to change; null for a new one. */
  readonly editing: ServerSetting | null
  readonly onClose: () => void
}

/** Takes a server's address, kind and key. */
export function ServerDialog({ open, editing, onClose }: ServerDialogProps) {
  const [draft, setDraft] = useState<ServerDraft>(BLANK)
  const [wrong, setWrong] = useState<Extract<CheckedServer, { ok: false }> | null>(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    if (!open) return
    setDraft(editing === null ? BLANK : { ...editing, key: editing.key ?? '' })
    setWrong(null)
  }, [open, editing])
  const set = (patch: Partial<ServerDraft>): void => {
    setDraft({ ...draft, ...patch })
    setWrong(null)
  }
  const save = async (): Promise<void> => {
    const all = settings.peek().servers
    const others = all.filter((server) => server !== editing)
    const checked = checkServer(draft, others, location.protocol === 'https:')
    if (!checked.ok) {
      setWrong(checked)
      return
    }
    setBusy(true)
    try {
      const servers =
        editing === null
          ? [...all, checked.server]
          : all.map((server) => (server === editing ? checked.server : server))
      await updateSettings({ servers })
      toast(`${checked.server.name} is in the list of servers.`, { kind: 'ok' })
      onClose()
    } catch (error) {
      setWrong({ ok: false, address: error instanceof Error ? error.message : String(error) })
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={editing === null ? 'Add a server' : `Change ${editing.name}`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" busy={busy} onClick={() => void save()}>
            {editing === null ? 'Add' : 'Save'}
          </Button>
        </>
      }
    >
      <form
        class="settings-form"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Field
          label="Address"
          error={wrong?.address}
          hint="The server must allow pages from this address to call it (OLLAMA_ORIGINS in Berth and Ollama)."
        >
          {(control) => (
            <TextInput
              {...control}
              inputMode="url"
              autocomplete="off"
              placeholder="http://192.168.1.20:11434"
              value={draft.address}
              onInput={(address) => set({ address })}
            />
          )}
        </Field>
        <Field label="Kind">
          {(control) => (
            <Select {...control} value={draft.kind} options={KINDS} onChange={(kind) => set({ kind })} />
          )}
        </Field>
        <Field label="Name" error={wrong?.name} hint="What to call it here; its address if left empty.">
          {(control) => (
            <TextInput {...control} autocomplete="off" value={draft.name} onInput={(name) => set({ name })} />
          )}
        </Field>
        <Field
          label="Key"
          hint="Where it asks for one. It is kept in this browser and sent to this server only."
        >
          {(control) => (
            <TextInput
              {...control}
              type="password"
              autocomplete="off"
              value={draft.key}
              onInput={(key) => set({ key })}
            />
          )}
        </Field>
        <button type="submit" hidden />
      </form>
    </Dialog>
  )
}
