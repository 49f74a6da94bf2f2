import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { ModelCard } from '../../host/index.js'
import {
  Button,
  Icon,
  IconButton,
  PageHeader,
  Spinner,
  announce,
  later,
  navigate,
  toastError,
  useHost,
} from '../../shell/index.js'
import { chatsOf } from '../chats.js'
import type { Chats } from '../chats.js'
import type { OpenChat } from '../open-chat.js'
import { plainText } from '../plain-text.js'
import { Composer } from './composer.js'
import { EmptyState } from './empty-state.js'
import { MessageList } from './message-list.js'
import type { MessageActions } from './message-view.js'
import { ModelPicker } from './model-picker.js'
import { ServerGone } from './server-gone.js'
import './chat-page.css'

const SettingsDialog = later(
  async () => (await import('./settings-dialog.js')).SettingsDialog,
  () => null,
)

export interface ChatPageProps {
  /** Null for a new conversation. */
  readonly conversation: string | null
}

/** A conversation: who answers, what has been said, and where one writes. */
export function ChatPage({ conversation }: ChatPageProps) {
  const chats = chatsOf(useHost())
  const chat = chats.chat(conversation)
  // A new conversation keeps its place when its first message gives it an address.
  return <Conversation key={chat.id} chats={chats} chat={chat} />
}

function Conversation({ chats, chat }: { readonly chats: Chats; readonly chat: OpenChat }) {
  const conversation = chat.conversation.value
  const state = chat.state.value
  const card = chats.modelOf(conversation)
  const connecting = chats.client.view.value === null
  const writing = chat.writing.value !== null
  const empty = chat.path.value.length === 0
  const [picking, setPicking] = useState(false)
  const [setting, setSetting] = useState(false)
  const [editing, setEditing] = useState<string | null>(null)
  const [suggestion, setSuggestion] = useState('')
  useAnnouncements(chat)
  useEscape(chat)

  const withCard = (act: (card: ModelCard) => Promise<void>) => {
    if (card === null) setPicking(true)
    else void act(card).catch(toastError)
  }
  const send: Parameters<typeof Composer>[0]['onSend'] = (text, files) =>
    withCard(async (chosen) => {
      setSuggestion('')
      const sent = chat.send(text, files, chosen)
      navigate({ page: 'chat', id: chat.id }, { replace: true })
      await sent
    })
  const actions = useMemo<MessageActions>(
    () => ({
      edit: setEditing,
      resend: (id, text) => {
        setEditing(null)
        withCard((chosen) => chat.resend(id, text, chosen))
      },
      regenerate: (id) => withCard((chosen) => chat.regenerate(id, chosen)),
      goOn: (id) => withCard((chosen) => chat.goOn(id, chosen)),
      retry: (id) =>
        withCard((chosen) =>
          chat.message(id)?.peek().text === '' ? chat.goOn(id, chosen) : chat.regenerate(id, chosen),
        ),
      showBranch: (id) => void chat.showBranch(id).catch(toastError),
      pickModel: () => setPicking(true),
      openSettings: () => setSetting(true),
    }),
    [chat, card],
  )

  return (
    <div class="chat">
      <PageHeader title={conversation.title} hideTitle>
        <ModelPicker
          models={chats.client.view.value?.models ?? []}
          chosen={card}
          connecting={connecting}
          where={conversation.where}
          open={picking}
          onOpen={setPicking}
          onChoose={(chosen) => void chat.change({ model: chosen.id })}
          onWhere={(where) => void chat.change({ where })}
        />
        <span class="chat-title" dir="auto" aria-hidden="true">
          {empty ? '' : conversation.title}
        </span>
        <IconButton icon="settings" label="Settings of this conversation" onClick={() => setSetting(true)} />
      </PageHeader>
      <Trouble chats={chats} />
      <ServerGone card={card} view={chats.client.view.value} />
      {state === 'loading' && (
        <div class="chat-middle" role="status" aria-label="Opening the conversation">
          <Spinner size={24} />
        </div>
      )}
      {state === 'missing' && (
        <div class="chat-middle">
          <p>This conversation is not here any more.</p>
          <Button onClick={() => navigate({ page: 'chat', id: null })}>New chat</Button>
        </div>
      )}
      {state === 'ready' && empty && (
        <EmptyState card={card} onSuggest={setSuggestion} onPickModel={() => setPicking(true)} />
      )}
      {state === 'ready' && !empty && <MessageList chat={chat} actions={actions} editing={editing} />}
      {state !== 'missing' && (
        <div class="chat-foot">
          <Composer
            id={chat.id}
            card={card}
            connecting={connecting}
            writing={writing}
            suggestion={suggestion}
            onSend={send}
            onStop={() => chat.stop()}
            onEditLast={() => setEditing(chat.lastOfUser())}
          />
        </div>
      )}
      {setting && <SettingsDialog chats={chats} chat={chat} onClose={() => setSetting(false)} />}
    </div>
  )
}

function Trouble({ chats }: { readonly chats: Chats }) {
  const trouble = chats.trouble.value
  if (trouble === null) return null
  return (
    <div class="chat-trouble" role="alert">
      <Icon name="warning" size={18} />
      <p>{trouble}</p>
      <IconButton icon="close" label="Dismiss" size="s" onClick={() => (chats.trouble.value = null)} />
    </div>
  )
}

/** Says where an answer is; not its every word, which would never let one read anything else. */
function useAnnouncements(chat: OpenChat): void {
  const writing = chat.writing.value
  const before = useRef<string | null>(null)
  useEffect(() => {
    const over = before.current
    before.current = writing
    if (writing !== null) {
      announce('Answering')
      return
    }
    const answer = over === null ? undefined : chat.message(over)?.peek()
    if (answer?.answer == null) return
    const { state, problem } = answer.answer
    if (state === 'done') announce(`Answer: ${plainText(answer.text.slice(0, SPOKEN))}`)
    else if (state === 'stopped') announce('Stopped')
    else announce(problem?.message ?? 'The answer was interrupted', 'assertive')
  }, [writing])
}

/** Characters of an answer that are said at once; the rest is there to be read. */
const SPOKEN = 400

/** Escape stops the answer wherever the focus is, unless something nearer takes it. */
function useEscape(chat: OpenChat): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        event.key === 'Escape' &&
        !event.defaultPrevented &&
        document.querySelector('dialog[open]') === null
      )
        chat.stop()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [chat])
}
