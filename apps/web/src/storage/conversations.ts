import { createStore, get, getMany, promisifyRequest, set, setMany, update } from 'idb-keyval'
import type { UseStore } from 'idb-keyval'
import type { ChatMessage, Conversation, Preset } from './conversations-types.js'

/** What another tab has just stored. */
export type ConversationChange =
  | { readonly kind: 'conversation'; readonly conversation: Conversation }
  | { readonly kind: 'purged'; readonly id: string }
  | { readonly kind: 'message'; readonly message: ChatMessage }
  /** Many at once, after an import: to be read anew. */
  | { readonly kind: 'imported' }
  /** Somebody wants this answer stopped, wherever it is being written. */
  | { readonly kind: 'stop'; readonly message: string }

/** A conversation that has the words that were looked for, with the place where. */
export interface SearchHit {
  readonly conversation: string
  /** The message, and the text around the words; null where the title has them. */
  readonly found: {
    readonly message: string
    readonly before: string
    readonly match: string
    readonly after: string
  } | null
}

/** The content of an attachment: text, or an image's whole file. */
export type AttachmentContent = string | Uint8Array<ArrayBuffer>

const CHANNEL = 'berth-conversations'
const AROUND = 40

/**
 * Conversations in IndexedDB. Keys: `c:ID` a conversation, `m:CONVERSATION:ID` a message, `f:CONVERSATION:ID` an
 * attachment's content. A message a key: writing one while it grows touches nothing else. What one tab stores
 * the others hear of after it is stored.
 */
export class ConversationStore implements Disposable {
  readonly #store: UseStore
  readonly #channel = new BroadcastChannel(CHANNEL)

  constructor(database = 'berth-conversations') {
    this.#store = createStore(database, 'entries')
  }

  /** Calls the listener with what other tabs store. */
  onChange(listener: (change: ConversationChange) => void): void {
    this.#channel.addEventListener('message', (event: MessageEvent<ConversationChange>) =>
      listener(event.data),
    )
  }

  tellOthers(change: ConversationChange): void {
    this.#channel.postMessage(change)
  }

  list(): Promise<Conversation[]> {
    return this.#range<Conversation>('c:')
  }

  read(id: string): Promise<Conversation | undefined> {
    return get<Conversation>(`c:${id}`, this.#store)
  }

  /** Creates it or, where it is there already, changes what `change` changes: another tab's edits of other fields stay. */
  async put(conversation: Conversation, change: Partial<Conversation> = conversation): Promise<Conversation> {
    let stored = conversation
    await update<Conversation>(
      `c:${conversation.id}`,
      (now) => (stored = now === undefined ? { ...conversation, ...change } : { ...now, ...change }),
      this.#store,
    )
    this.tellOthers({ kind: 'conversation', conversation: stored })
    return stored
  }

  /** All messages of a conversation, of all branches, in no order. */
  messages(conversation: string): Promise<ChatMessage[]> {
    return this.#range<ChatMessage>(`m:${conversation}:`)
  }

  message(conversation: string, id: string): Promise<ChatMessage | undefined> {
    return get<ChatMessage>(`m:${conversation}:${id}`, this.#store)
  }

  async putMessage(message: ChatMessage): Promise<void> {
    await set(messageKey(message), message, this.#store)
    this.tellOthers({ kind: 'message', message })
  }

  /** Stores whole conversations, all of them or none. */
  async putAll(
    conversations: readonly Conversation[],
    messages: readonly ChatMessage[],
    files: ReadonlyMap<string, AttachmentContent>,
  ): Promise<void> {
    const entries: [string, unknown][] = [
      ...conversations.map((one): [string, unknown] => [`c:${one.id}`, one]),
      ...messages.map((one): [string, unknown] => [messageKey(one), one]),
    ]
    for (const message of messages)
      for (const file of message.attachments) {
        const content = files.get(file.id)
        if (content !== undefined) entries.push([fileKey(message.conversation, file.id), content])
      }
    await setMany(entries, this.#store)
    this.tellOthers({ kind: 'imported' })
  }

  async putFiles(conversation: string, files: ReadonlyMap<string, AttachmentContent>): Promise<void> {
    if (files.size === 0) return
    await setMany(
      [...files].map(([id, content]): [string, unknown] => [fileKey(conversation, id), content]),
      this.#store,
    )
  }

  /** The contents of attachments, in the order of the ids; undefined for what is not there. */
  files(conversation: string, ids: readonly string[]): Promise<(AttachmentContent | undefined)[]> {
    return getMany<AttachmentContent>(
      ids.map((id) => fileKey(conversation, id)),
      this.#store,
    )
  }

  /** Deletes it with all that belongs to it, for good. */
  async purge(id: string): Promise<void> {
    await this.#store('readwrite', (store) => {
      store.delete(`c:${id}`)
      store.delete(prefixRange(`m:${id}:`))
      store.delete(prefixRange(`f:${id}:`))
      return promisifyRequest(store.transaction)
    })
    this.tellOthers({ kind: 'purged', id })
  }

  /** Looks for words, not minding case, in titles and texts; one hit a conversation, titles first. */
  async *search(words: string, among: readonly Conversation[]): AsyncGenerator<SearchHit> {
    const wanted = words.trim().toLocaleLowerCase()
    if (wanted === '') return
    const rest: Conversation[] = []
    for (const one of among) {
      if (one.title.toLocaleLowerCase().includes(wanted)) yield { conversation: one.id, found: null }
      else rest.push(one)
    }
    for (const one of rest) {
      const hit = findIn(await this.messages(one.id), wanted)
      if (hit !== null) yield { conversation: one.id, found: hit }
    }
  }

  async presets(): Promise<readonly Preset[]> {
    return (await get<readonly Preset[]>('presets', this.#store)) ?? []
  }

  async changePresets(change: (now: readonly Preset[]) => readonly Preset[]): Promise<readonly Preset[]> {
    let stored: readonly Preset[] = []
    await update<readonly Preset[]>('presets', (now) => (stored = change(now ?? [])), this.#store)
    return stored
  }

  [Symbol.dispose](): void {
    this.#channel.close()
  }

  #range<T>(prefix: string): Promise<T[]> {
    return this.#store('readonly', (store) => {
      const all: IDBRequest<T[]> = store.getAll(prefixRange(prefix))
      return promisifyRequest(all)
    })
  }
}

/** Where the wanted words (in lower case) are first, in the newest message that has them. */
function findIn(messages: readonly ChatMessage[], wanted: string): SearchHit['found'] {
  let best: ChatMessage | null = null
  for (const one of messages)
    if ((best === null || one.at > best.at) && one.text.toLocaleLowerCase().includes(wanted)) best = one
  if (best === null) return null
  const { text } = best
  // Lower case may be longer than the text itself (İ): where the index leads astray, only the excerpt does.
  const at = Math.min(text.toLocaleLowerCase().indexOf(wanted), text.length)
  const from = Math.max(0, at - AROUND)
  const to = Math.min(text.length, at + wanted.length + AROUND)
  return {
    message: best.id,
    before: (from > 0 ? '…' : '') + text.slice(from, at),
    match: text.slice(at, at + wanted.length),
    after: text.slice(at + wanted.length, to) + (to < text.length ? '…' : ''),
  }
}

function messageKey(message: ChatMessage): string {
  return `m:${message.conversation}:${message.id}`
}

function fileKey(conversation: string, id: string): string {
  return `f:${conversation}:${id}`
}

/** All keys that begin with a prefix that ends in a colon; a semicolon is the next character after it. */
function prefixRange(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix.slice(0, -1)};`, false, true)
}
