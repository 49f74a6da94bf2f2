import { Button, toastError, useHost } from '../../shell/index.js'
import { chatsOf } from '../chats.js'
import { exportJson } from '../transfer.js'

/** Saves all conversations to a file. */
export function ExportConversations() {
  const chats = chatsOf(useHost())
  const list = chats.list.value ?? []
  return (
    <Button
      icon="export"
      disabled={list.length === 0}
      onClick={() => void exportJson(chats, list).catch(toastError)}
    >
      Export all conversations
    </Button>
  )
}
