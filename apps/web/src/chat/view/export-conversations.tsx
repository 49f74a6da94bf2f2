import { useRef } from 'preact/hooks'
import { Button, toast, toastError, useHost } from '../../shell/index.js'
import { chatsOf } from '../chats.js'
import type { Chats } from '../chats.js'
import { transfer } from './transfer-later.js'

/** Buttons that take all conversations out of this browser and bring them in again. */
export function ExportConversations() {
  const chats = chatsOf(useHost())
  const list = chats.list.value ?? []
  const files = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button
        icon="export"
        disabled={list.length === 0}
        onClick={() => void transfer.exportJson(chats, list).catch(toastError)}
      >
        Export all conversations
      </Button>
      <Button icon="upload" onClick={() => files.current?.click()}>
        Import conversations
      </Button>
      <ImportField chats={chats} field={files} />
    </>
  )
}

export interface ImportFieldProps {
  readonly chats: Chats
  readonly field: { current: HTMLInputElement | null }
}

/** What asks for files to import; pressed by a button that is seen. */
export function ImportField({ chats, field }: ImportFieldProps) {
  const take = async (chosen: readonly File[]) => {
    const count = await transfer.importFiles(chats, chosen)
    toast(count === 1 ? 'Imported one conversation' : `Imported ${count} conversations`, { kind: 'ok' })
  }
  return (
    <input
      ref={field}
      type="file"
      accept=".json,.md,.markdown,.txt"
      multiple
      hidden
      aria-label="Files to import"
      onChange={(event) => {
        const chosen = [...(event.currentTarget.files ?? [])]
        event.currentTarget.value = ''
        void take(chosen).catch(toastError)
      }}
    />
  )
}
