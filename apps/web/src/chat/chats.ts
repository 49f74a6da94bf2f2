import { batch, computed, signal } from '@preact/signals'
import type { HostClient, ModelCard } from '../host/index.js'
import { settings } from '../shell/index.js'
import type { Conversation, ConversationChange, Preset, WholeConversation } from '../storage/index.js'
import { ConversationStore, PLAIN_SETTINGS } from '../storage/index.js'
import { defaultModel } from './model-choice.js'
import { OpenChat } from './open-chat.js'

/** How long a deleted conversation can be had back. */
export const UNDO_MS = 8_000

/** A deletion that nobody called off, such as that of a tab that was closed, is carried out by the next visit after this. */
const PURGE_AFTER_MS = 60_000

/** All conversations of this browser, as this tab sees them. */
export class Chats {
  readonly client: HostClient
  readonly store: ConversationStore
  /** By the time of their last change, the newest first, without deleted ones; null until they have been read. */
  readonly list = computed(() => {
    const all = this.#all.value
    return all === null
      ? null
      : [...all.values()].filter((one) => one.deleted === null).toSorted((a, b) => b.updated - a.updated)
  })
  readonly presets = signal<readonly Preset[]>([])
  /** What went wrong while storing; shown until it is dismissed. */
  readonly trouble = signal<string | null>(null)
  readonly #all = signal<ReadonlyMap<string, Conversation> | null>(null)
  readonly #open = new Map<string, OpenChat>()
  #draft: OpenChat | null = null

  constructor(client: HostClient, store: ConversationStore = new ConversationStore()) {
    this.client = client
    this.store = store
    store.onChange((change) => this.#heard(change))
    void this.#read().catch((error: unknown) => {
      batch(() => {
        this.#all.value = new Map()
        this.troubled(error)
      })
    })
  }

  /** The conversation, or, for null, the new one that is not stored before its first message. */
  chat(id: string | null): OpenChat {
    if (id === null) {
      if (this.#draft === null || !this.#draft.isNew) {
        this.#draft = new OpenChat(this, this.#fresh(), false)
        this.#open.set(this.#draft.id, this.#draft)
      }
      return this.#draft
    }
    const known = this.#open.get(id)
    if (known !== undefined) return known
    const chat = new OpenChat(this, { ...this.#fresh(), id }, true)
    this.#open.set(id, chat)
    void chat.load().catch((error: unknown) => {
      chat.state.value = 'missing'
      this.troubled(error)
    })
    return chat
  }

  card(model: string | null): ModelCard | undefined {
    return this.client.view.peek()?.models.find((card) => card.id === model)
  }

  /** The model that answers in a conversation: its own, else the one of the last conversation, else what is at hand. */
  modelOf(conversation: Conversation): ModelCard | null {
    const models = this.client.view.value?.models ?? []
    const recent = this.list.value?.find((one) => one.model !== null)?.model ?? null
    return defaultModel(models, conversation.model, recent)
  }

  /** Stores a change of a conversation. */
  async keep(conversation: Conversation, patch: Partial<Conversation>): Promise<void> {
    this.#put(conversation)
    try {
      this.#put(await this.store.put(conversation, patch))
    } catch (error) {
      this.troubled(error)
    }
  }

  async rename(conversation: Conversation, title: string): Promise<void> {
    await this.#change(conversation, { title, titled: 'user' })
  }

  /** Deletes it so that it can be had back for a while. */
  async delete(conversation: Conversation): Promise<void> {
    this.#open.get(conversation.id)?.stop()
    await this.#change(conversation, { deleted: Date.now() })
    setTimeout(() => void this.#purge(conversation.id), UNDO_MS)
  }

  async undelete(conversation: Conversation): Promise<void> {
    await this.#change(conversation, { deleted: null })
  }

  /** Some conversations with all that belongs to them. */
  async whole(conversations: readonly Conversation[]): Promise<WholeConversation[]> {
    const whole: WholeConversation[] = []
    for (const conversation of conversations) {
      const messages = await this.store.messages(conversation.id)
      const ids = messages.flatMap((message) => message.attachments.map((file) => file.id))
      const contents = await this.store.files(conversation.id, ids)
      const files = new Map(
        ids.flatMap((id, index) => (contents[index] === undefined ? [] : [[id, contents[index]] as const])),
      )
      whole.push({ conversation, messages, files })
    }
    return whole
  }

  async import(conversations: readonly WholeConversation[]): Promise<void> {
    await this.store.putAll(
      conversations.map((one) => one.conversation),
      conversations.flatMap((one) => one.messages),
      new Map(conversations.flatMap((one) => [...one.files])),
    )
    for (const { conversation } of conversations) this.#put(conversation)
  }

  async changePresets(change: (now: readonly Preset[]) => readonly Preset[]): Promise<void> {
    this.presets.value = await this.store.changePresets(change)
  }

  troubled(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.trouble.value = `This conversation could not be stored: ${message}`
  }

  async #change(conversation: Conversation, patch: Partial<Conversation>): Promise<void> {
    const open = this.#open.get(conversation.id)
    if (open !== undefined) {
      await open.change(patch)
      if ('deleted' in patch) open.state.value = patch.deleted === null ? 'ready' : 'missing'
    } else await this.keep({ ...conversation, ...patch }, patch)
  }

  async #read(): Promise<void> {
    const [conversations, presets] = await Promise.all([this.store.list(), this.store.presets()])
    batch(() => {
      this.presets.value = presets
      // What was begun while it was being read is newer.
      this.#all.value = new Map([
        ...conversations.map((one) => [one.id, one] as const),
        ...(this.#all.peek() ?? []),
      ])
    })
    const long = Date.now() - PURGE_AFTER_MS
    for (const one of conversations)
      if (one.deleted !== null && one.deleted < long) await this.store.purge(one.id)
  }

  async #purge(id: string): Promise<void> {
    const stored = await this.store.read(id)
    if (stored === undefined || stored.deleted === null) return
    await this.store.purge(id)
    this.#forget(id)
  }

  #heard(change: ConversationChange): void {
    switch (change.kind) {
      case 'conversation':
        this.#put(change.conversation)
        this.#open.get(change.conversation.id)?.heardConversation(change.conversation)
        break
      case 'message':
        this.#open.get(change.message.conversation)?.heardMessage(change.message)
        break
      case 'purged':
        this.#forget(change.id)
        break
      case 'imported':
        void this.#read().catch((error: unknown) => this.troubled(error))
        break
      case 'stop':
        for (const chat of this.#open.values()) chat.heardStop(change.message)
        break
    }
  }

  #put(conversation: Conversation): void {
    this.#all.value = new Map(this.#all.peek() ?? []).set(conversation.id, conversation)
  }

  #forget(id: string): void {
    const rest = new Map(this.#all.peek() ?? [])
    rest.delete(id)
    this.#all.value = rest
    const open = this.#open.get(id)
    if (open !== undefined) open.state.value = 'missing'
    this.#open.delete(id)
  }

  #fresh(): Conversation {
    const now = Date.now()
    return {
      id: crypto.randomUUID(),
      title: 'New conversation',
      titled: 'auto',
      created: now,
      updated: now,
      leaf: null,
      model: null,
      where: settings.peek().where,
      settings: PLAIN_SETTINGS,
      deleted: null,
    }
  }
}

const known = new WeakMap<HostClient, Chats>()

/** The one `Chats` of a host's client: the list beside the page and the page itself share it. */
export function chatsOf(client: HostClient): Chats {
  let chats = known.get(client)
  if (chats === undefined) {
    chats = new Chats(client)
    known.set(client, chats)
  }
  return chats
}
