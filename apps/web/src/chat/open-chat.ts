import { batch, computed, signal } from '@preact/signals'
import type { ReadonlySignal, Signal } from '@preact/signals'
import type { HostClient, ModelCard } from '../host/index.js'
import type {
  AnswerRecord,
  Attachment,
  AttachmentContent,
  ChatMessage,
  Conversation,
  ConversationSettings,
} from '../storage/index.js'
import { answerLock, giveAnswer } from './answer/give-answer.js'
import { beginAnswer } from './answer/live-answer.js'
import type { LiveAnswer } from './answer/live-answer.js'
import { makeJob, wishOf } from './answer/make-job.js'
import type { Chats } from './chats.js'
import { titleFrom } from './title.js'
import { MessageTree } from './tree.js'

/** A file that is to go with a message. */
export interface NewFile extends Attachment {
  readonly content: AttachmentContent
}

/**
 * One conversation as it is open in this tab: its messages with a signal each, so that one that grows makes nothing
 * else render, and what is done with them. What other tabs store comes in through `heard…`.
 */
export class OpenChat {
  readonly id: string
  readonly state = signal<'loading' | 'ready' | 'missing'>('loading')
  /** Answers that this tab is giving, by message. */
  readonly live = signal<ReadonlyMap<string, Signal<LiveAnswer>>>(new Map())
  readonly conversation: Signal<Conversation>
  /** The branch that is shown, by ids. */
  readonly path: ReadonlySignal<readonly string[]>
  /** The answer at its end that is being written, here or in another tab. */
  readonly writing: ReadonlySignal<string | null>
  readonly #chats: Chats
  readonly #messages = new Map<string, Signal<ChatMessage>>()
  readonly #stops = new Map<string, AbortController>()
  readonly #watched = new Set<string>()
  readonly #shape = signal(0)
  #tree = new MessageTree([])
  #stored: boolean

  /** @param stored whether it is in storage; a new one gets there with its first message. */
  constructor(chats: Chats, conversation: Conversation, stored: boolean) {
    this.id = conversation.id
    this.#chats = chats
    this.#stored = stored
    this.conversation = signal(conversation)
    this.path = computed(() => {
      void this.#shape.value
      return this.#tree.path(this.#tree.shownLeaf(this.conversation.value.leaf))
    })
    this.writing = computed(() => {
      const last = this.path.value.at(-1)
      return last !== undefined && this.message(last)?.value.answer?.state === 'writing' ? last : null
    })
    if (!stored) this.state.value = 'ready'
  }

  get client(): HostClient {
    return this.#chats.client
  }

  /** Whether nothing of it is in storage yet. */
  get isNew(): boolean {
    return !this.#stored
  }

  message(id: string): Signal<ChatMessage> | undefined {
    return this.#messages.get(id)
  }

  siblings(id: string) {
    void this.#shape.value
    return this.#tree.siblings(id)
  }

  /** Reads it; what was being written by somebody who is gone becomes `interrupted`. */
  async load(): Promise<void> {
    const [conversation, messages] = await Promise.all([
      this.#chats.store.read(this.id),
      this.#chats.store.messages(this.id),
    ])
    batch(() => {
      if (conversation === undefined || conversation.deleted !== null) {
        this.state.value = 'missing'
        return
      }
      this.conversation.value = conversation
      for (const message of messages) if (!this.live.peek().has(message.id)) this.#keep(message)
      this.#tree = new MessageTree([...this.#messages.values()].map((one) => one.peek()))
      this.#shape.value += 1
      this.state.value = 'ready'
    })
    for (const { id, answer } of messages) if (answer?.state === 'writing') void this.#watch(id)
  }

  heardMessage(message: ChatMessage): void {
    if (this.state.peek() !== 'ready' || this.live.peek().has(message.id)) return
    this.#add(message)
    if (message.answer?.state === 'writing') void this.#watch(message.id)
  }

  heardConversation(conversation: Conversation): void {
    this.#stored = true
    // Which branch is shown is each tab's own affair, until it goes on from a branch of the other's.
    const mine = this.conversation.peek().leaf
    const follows =
      mine === null || (conversation.leaf !== null && this.#tree.path(conversation.leaf).includes(mine))
    this.conversation.value = follows ? conversation : { ...conversation, leaf: mine }
    this.state.value = conversation.deleted === null ? 'ready' : 'missing'
  }

  /** Sends a message and asks for its answer. */
  async send(text: string, files: readonly NewFile[], card: ModelCard): Promise<void> {
    await this.#ask(this.path.peek().at(-1) ?? null, text, files, [], card)
  }

  /** Sends a message of the user anew, as another branch; its files go with it. */
  async resend(id: string, text: string, card: ModelCard): Promise<void> {
    const message = this.message(id)?.peek()
    if (message === undefined) return
    await this.#ask(message.parent, text, [], message.attachments, card)
  }

  /** Asks for another answer to what an answer answers, as another branch. */
  async regenerate(id: string, card: ModelCard): Promise<void> {
    const message = this.message(id)?.peek()
    if (message === undefined) return
    await this.#answer(newAnswer(this.id, message.parent, card), card, false, { model: card.id })
  }

  /** Goes on with an answer that broke off or was long enough; without a text it is asked for again. */
  async goOn(id: string, card: ModelCard): Promise<void> {
    const message = this.message(id)?.peek()
    if (message?.answer == null || message.answer.state === 'writing') return
    const thinking = message.text === '' ? '' : message.answer.thinking
    const answer = {
      ...message.answer,
      thinking,
      state: 'writing' as const,
      problem: null,
      cut: false,
      figures: null,
    }
    await this.#answer({ ...message, answer }, card, message.text !== '', {})
  }

  /** Stops the answer that is being written, here or in another tab. */
  stop(): void {
    const id = this.writing.peek()
    if (id === null) return
    const here = this.#stops.get(id)
    if (here !== undefined) here.abort()
    else this.#chats.store.tellOthers({ kind: 'stop', message: id })
  }

  heardStop(message: string): void {
    this.#stops.get(message)?.abort()
  }

  /** Shows the branch through a message. */
  async showBranch(id: string): Promise<void> {
    await this.change({ leaf: this.#tree.leafOf(id) })
  }

  /** The newest message on the shown branch that the user wrote; null where there is none. */
  lastOfUser(): string | null {
    return this.path.peek().findLast((id) => this.message(id)?.peek().role === 'user') ?? null
  }

  async changeSettings(patch: Partial<ConversationSettings>): Promise<void> {
    await this.change({ settings: { ...this.conversation.peek().settings, ...patch } })
  }

  /** Changes what is not the messages; stored at once unless it is new. */
  async change(patch: Partial<Conversation>): Promise<void> {
    const changed = { ...this.conversation.peek(), ...patch }
    this.conversation.value = changed
    if (this.#stored) await this.#chats.keep(changed, patch)
  }

  /** All files of a branch. */
  async filesOf(path: readonly ChatMessage[]): Promise<Map<string, AttachmentContent>> {
    const ids = path.flatMap((message) => message.attachments.map((file) => file.id))
    const contents = await this.#chats.store.files(this.id, ids)
    return new Map(
      ids.flatMap((id, index): [string, AttachmentContent][] => {
        const content = contents[index]
        return content === undefined ? [] : [[id, content]]
      }),
    )
  }

  messagesOnPath(): ChatMessage[] {
    return this.path.peek().flatMap((id) => this.message(id)?.peek() ?? [])
  }

  async #ask(
    parent: string | null,
    text: string,
    files: readonly NewFile[],
    kept: readonly Attachment[],
    card: ModelCard,
  ): Promise<void> {
    const question: ChatMessage = {
      id: crypto.randomUUID(),
      conversation: this.id,
      parent,
      role: 'user',
      at: Date.now(),
      text,
      attachments: [
        ...kept,
        ...files.map(({ id, name, type, bytes, kind }) => ({ id, name, type, bytes, kind })),
      ],
      answer: null,
    }
    const answer = newAnswer(this.id, question.id, card)
    this.#add(question)
    const first = parent === null && this.conversation.peek().titled === 'auto'
    const title = first ? { title: titleFrom(text, question.attachments) } : {}
    await this.#chats.store.putFiles(this.id, new Map(files.map((file) => [file.id, file.content])))
    await this.#store(question)
    await this.#answer(answer, card, false, { ...title, model: card.id })
  }

  /** Shows the answer at the end of its branch, asks, and writes what comes until it is over, holding the lock that says so. */
  async #answer(
    message: ChatMessage,
    card: ModelCard,
    goOn: boolean,
    patch: Partial<Conversation>,
  ): Promise<void> {
    const begun = beginAnswer(performance.now(), {
      text: message.text,
      thinking: message.answer?.thinking ?? '',
    })
    const live = signal(begun)
    const stop = new AbortController()
    const shown = { ...patch, leaf: message.id, updated: Date.now() }
    this.#stops.set(message.id, stop)
    batch(() => {
      this.live.value = new Map(this.live.peek()).set(message.id, live)
      this.#add(message)
      this.conversation.value = { ...this.conversation.peek(), ...shown }
    })
    this.#stored = true
    const parent = message.parent
    try {
      await navigator.locks.request(answerLock(message.id), async () => {
        // Other tabs take a message whose lock nobody holds for interrupted, and show a branch when they have its leaf.
        await this.#store(message)
        await this.#chats.keep(this.conversation.peek(), shown)
        const path = this.#tree
          .path(goOn ? message.id : parent)
          .flatMap((id) => this.message(id)?.peek() ?? [])
        const { settings, where } = this.conversation.peek()
        const job = makeJob(path, await this.filesOf(path), settings, goOn)
        const wish = wishOf(settings)
        const ask = {
          id: crypto.randomUUID(),
          model: card.id,
          where,
          job,
          ...(wish === undefined ? {} : { wish }),
        }
        const over = await giveAnswer(
          this.#chats.client,
          ask,
          begun,
          {
            show: (now) => (live.value = now),
            store: (now) => this.#store(this.#written(message, now)),
          },
          stop.signal,
        )
        batch(() => {
          this.#add(this.#written(message, over))
          this.#endLive(message.id)
        })
      })
    } finally {
      this.#stops.delete(message.id)
      this.#endLive(message.id)
    }
  }

  /** A message with what has been written so far. */
  #written(message: ChatMessage, live: LiveAnswer): ChatMessage {
    const card = this.#chats.card(live.answeredBy)
    const answer: AnswerRecord = {
      state: live.state,
      thinking: live.thinking,
      model:
        card === undefined
          ? (message.answer?.model ?? { id: '', name: '', place: null })
          : { id: card.id, name: card.name, place: card.place },
      figures: live.figures,
      cut: live.cut,
      problem: live.problem,
    }
    return { ...message, text: live.text, answer }
  }

  async #store(message: ChatMessage): Promise<void> {
    try {
      await this.#chats.store.putMessage(message)
    } catch (error) {
      this.#chats.troubled(error)
    }
  }

  #endLive(id: string): void {
    if (!this.live.peek().has(id)) return
    const rest = new Map(this.live.peek())
    rest.delete(id)
    this.live.value = rest
  }

  /** Waits until whoever writes an answer is gone; if it is not over by then, it never will be. */
  async #watch(id: string): Promise<void> {
    if (this.#watched.has(id) || this.#stops.has(id)) return
    this.#watched.add(id)
    try {
      await navigator.locks.request(answerLock(id), async () => {
        const message = await this.#chats.store.message(this.id, id)
        if (message?.answer?.state !== 'writing') return
        const interrupted: ChatMessage = { ...message, answer: { ...message.answer, state: 'interrupted' } }
        this.#add(interrupted)
        await this.#store(interrupted)
      })
    } finally {
      this.#watched.delete(id)
    }
  }

  #keep(message: ChatMessage): void {
    const known = this.#messages.get(message.id)
    if (known === undefined) this.#messages.set(message.id, signal(message))
    else known.value = message
  }

  #add(message: ChatMessage): void {
    this.#keep(message)
    if (this.#tree.has(message.id)) return
    this.#tree.add(message)
    this.#shape.value += 1
  }
}

function newAnswer(conversation: string, parent: string | null, card: ModelCard): ChatMessage {
  return {
    id: crypto.randomUUID(),
    conversation,
    parent,
    role: 'assistant',
    at: Date.now(),
    text: '',
    attachments: [],
    answer: {
      state: 'writing',
      thinking: '',
      model: { id: card.id, name: card.name, place: card.place },
      figures: null,
      cut: false,
      problem: null,
    },
  }
}
