import { useEffect, useRef, useState } from 'preact/hooks'
import {
  Menu,
  TextInput,
  announce,
  hrefOf,
  navigate,
  openSidebar,
  toast,
  toastError,
  useHost,
} from '../../shell/index.js'
import type { Conversation, SearchHit } from '../../storage/index.js'
import { chatsOf, UNDO_MS } from '../chats.js'
import type { Chats } from '../chats.js'
import { transfer } from './transfer-later.js'
import { dayGroup } from '../units.js'
import { ImportField } from './export-conversations.js'
import './conversation-list.css'

export interface ConversationListProps {
  /** The conversation that is open; null for a new one or none. */
  readonly current: string | null
}

/** All conversations, by date; searched by title and text. */
export function ConversationList({ current }: ConversationListProps) {
  const chats = chatsOf(useHost())
  const list = chats.list.value
  const [words, setWords] = useState('')
  const hits = useSearch(chats, list, words)
  const root = useRef<HTMLDivElement>(null)
  const files = useRef<HTMLInputElement>(null)

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return
      event.preventDefault()
      openSidebar()
      // As soon as it can take the focus.
      requestAnimationFrame(() => {
        const field = root.current?.querySelector('input')
        field?.focus()
        field?.select()
      })
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])

  const shown = hits === null ? list : (list ?? []).filter((one) => hits.has(one.id))
  return (
    <div class="conversations" ref={root} role="navigation" aria-label="Conversations">
      <div class="conversations-head">
        <TextInput
          icon="search"
          aria-label="Search conversations"
          placeholder="Search"
          inputMode="search"
          value={words}
          onInput={setWords}
          {...{
            title: 'Ctrl+K or ⌘K',
            onKeyDown: (event: KeyboardEvent) => {
              if (event.key !== 'Escape' || words === '') return
              event.stopPropagation()
              setWords('')
            },
          }}
        />
        <ImportField chats={chats} field={files} />
        <Menu
          label="Import and export"
          items={[
            { label: 'Import…', icon: 'upload', onSelect: () => files.current?.click() },
            {
              label: 'Export all',
              icon: 'export',
              disabled: (list ?? []).length === 0,
              onSelect: () => void transfer.exportJson(chats, list ?? []).catch(toastError),
            },
          ]}
        />
      </div>
      {shown !== null && shown.length === 0 && (
        <p class="conversations-none">
          {hits === null ? 'Your conversations will be here.' : 'Nothing has these words.'}
        </p>
      )}
      {groups(shown ?? [], hits !== null).map((group) => (
        <section key={group.name}>
          <h2 class="conversations-group">{group.name}</h2>
          <ul>
            {group.items.map((one) => (
              <Item
                key={one.id}
                chats={chats}
                conversation={one}
                current={one.id === current}
                hit={hits?.get(one.id) ?? null}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}

interface ItemProps {
  readonly chats: Chats
  readonly conversation: Conversation
  readonly current: boolean
  readonly hit: SearchHit | null
}

function Item({ chats, conversation, current, hit }: ItemProps) {
  const [renaming, setRenaming] = useState(false)
  const remove = async () => {
    await chats.delete(conversation)
    if (current) navigate({ page: 'chat', id: null })
    const close = toast(`Deleted “${conversation.title}”`, {
      action: { label: 'Undo', onSelect: () => void chats.undelete(conversation).catch(toastError) },
    })
    setTimeout(close, UNDO_MS - 500)
  }
  if (renaming) return <Rename chats={chats} conversation={conversation} onDone={() => setRenaming(false)} />
  const found = hit?.found ?? null
  return (
    <li class={current ? 'conversation conversation-current' : 'conversation'}>
      <a
        href={hrefOf({ page: 'chat', id: conversation.id })}
        aria-current={current ? 'page' : undefined}
        onKeyDown={(event) => {
          if (event.key === 'F2') setRenaming(true)
          else if (event.key === 'Delete') void remove().catch(toastError)
        }}
      >
        <span class="conversation-title" dir="auto">
          {conversation.title}
        </span>
        {found !== null && (
          <span class="conversation-found" dir="auto">
            {found.before}
            <mark>{found.match}</mark>
            {found.after}
          </span>
        )}
      </a>
      <Menu
        label={`More for ${conversation.title}`}
        items={[
          { label: 'Rename', icon: 'edit', onSelect: () => setRenaming(true) },
          {
            label: 'Export as Markdown',
            icon: 'export',
            onSelect: () => void transfer.exportMarkdown(chats, conversation).catch(toastError),
          },
          {
            label: 'Export as JSON',
            icon: 'export',
            onSelect: () => void transfer.exportJson(chats, [conversation]).catch(toastError),
          },
          { label: 'Delete', icon: 'trash', danger: true, onSelect: () => void remove().catch(toastError) },
        ]}
      />
    </li>
  )
}

function Rename({
  chats,
  conversation,
  onDone,
}: Pick<ItemProps, 'chats' | 'conversation'> & { readonly onDone: () => void }) {
  const field = useRef<HTMLInputElement>(null)
  const over = useRef(false)
  useEffect(() => {
    field.current?.focus()
    field.current?.select()
  }, [])
  const end = (keep: boolean) => {
    if (over.current) return
    over.current = true
    const title = field.current?.value.trim() ?? ''
    if (keep && title !== '' && title !== conversation.title) {
      void chats.rename(conversation, title).catch(toastError)
      announce(`Renamed to ${title}`)
    }
    onDone()
  }
  return (
    <li class="conversation">
      <input
        ref={field}
        class="input"
        aria-label="Title"
        dir="auto"
        defaultValue={conversation.title}
        onBlur={() => end(true)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== 'Escape') return
          event.preventDefault()
          event.stopPropagation()
          end(event.key === 'Enter')
        }}
      />
    </li>
  )
}

const SEARCH_AFTER_MS = 150

/** What has the words, by conversation, as it is found; null while nothing is looked for. */
function useSearch(
  chats: Chats,
  list: readonly Conversation[] | null,
  words: string,
): ReadonlyMap<string, SearchHit> | null {
  const [hits, setHits] = useState<ReadonlyMap<string, SearchHit> | null>(null)
  const searching = words.trim() !== ''
  useEffect(() => {
    if (!searching) {
      setHits(null)
      return undefined
    }
    let current = true
    const look = async () => {
      const found = new Map<string, SearchHit>()
      for await (const hit of chats.store.search(words, list ?? [])) {
        if (!current) return
        found.set(hit.conversation, hit)
        setHits(new Map(found))
      }
      if (current) setHits(found)
    }
    const timer = setTimeout(() => void look().catch(toastError), SEARCH_AFTER_MS)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [words, searching, list === null])
  return searching ? hits : null
}

function groups(
  list: readonly Conversation[],
  searching: boolean,
): { name: string; items: Conversation[] }[] {
  if (searching) return list.length === 0 ? [] : [{ name: 'Found', items: [...list] }]
  const now = Date.now()
  const made = new Map<string, Conversation[]>()
  for (const one of list) {
    const name = dayGroup(one.updated, now)
    const group = made.get(name)
    if (group === undefined) made.set(name, [one])
    else group.push(one)
  }
  return [...made].map(([name, items]) => ({ name, items }))
}
