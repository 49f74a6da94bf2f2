import type { Bytes, Tokens } from '@berth/budget'
import type { ModelId } from '@berth/scheduler'
import type { Place, Where } from '../host/index.js'

/** A conversation without its messages, which are stored one by one. Times are milliseconds since 1970. */
export interface Conversation {
  readonly id: string
  readonly title: string
  /** Whether the title was made from the first message or given by the user; a given one is never replaced. */
  readonly titled: 'auto' | 'user'
  readonly created: number
  readonly updated: number
  /** The end of the branch that is shown; null before the first message. */
  readonly leaf: string | null
  readonly model: ModelId | null
  readonly where: Where
  readonly settings: ConversationSettings
  /** When it was deleted; it can be had back until it is purged. Null while it is kept. */
  readonly deleted: number | null
}

/** How a conversation is answered. A null is the model's or the engine's own default. */
export interface ConversationSettings {
  readonly system: string
  readonly temperature: number | null
  readonly topP: number | null
  readonly topK: number | null
  readonly minP: number | null
  readonly repeatPenalty: number | null
  readonly seed: number | null
  readonly maxTokens: Tokens | null
  readonly contextLength: Tokens | null
}

export const PLAIN_SETTINGS: ConversationSettings = {
  system: '',
  temperature: null,
  topP: null,
  topK: null,
  minP: null,
  repeatPenalty: null,
  seed: null,
  maxTokens: null,
  contextLength: null,
}

/** One message; its parent is the message that it follows, so that several may follow one (branches). */
export interface ChatMessage {
  readonly id: string
  readonly conversation: string
  readonly parent: string | null
  readonly role: 'user' | 'assistant'
  readonly at: number
  readonly text: string
  readonly attachments: readonly Attachment[]
  /** Null for what the user wrote. */
  readonly answer: AnswerRecord | null
}

export interface AnswerRecord {
  /** `interrupted`: whoever wrote it is gone; `stopped`: by the user. */
  readonly state: 'writing' | 'done' | 'stopped' | 'interrupted' | 'failed'
  readonly thinking: string
  readonly model: { readonly id: ModelId; readonly name: string; readonly place: Place | null }
  readonly figures: AnswerFigures | null
  /** Whether it ended because it was long enough, not because it was done. */
  readonly cut: boolean
  readonly problem: Problem | null
}

/** What an answer took. */
export interface AnswerFigures {
  readonly promptTokens: Tokens
  readonly cachedTokens: Tokens
  readonly tokens: Tokens
  /** From asking to the first piece, and how much of that was queueing and loading. */
  readonly firstMs: number | null
  readonly waitedMs: number
  readonly tokensPerSecond: number | null
  /** Counted from outside the engine. */
  readonly estimated: boolean
}

/** Why there is no answer. `from` and `code` as in `AskError`. */
export interface Problem {
  readonly from: 'scheduler' | 'backend' | 'host'
  readonly code: string
  readonly message: string
  readonly retryAfterMs: number | null
}

/** A file that goes with a message. Its content is stored apart, under its id. */
export interface Attachment {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly bytes: Bytes
  readonly kind: 'text' | 'image'
}

/** Named settings that the user keeps for other conversations. */
export interface Preset {
  readonly name: string
  readonly settings: ConversationSettings
}
