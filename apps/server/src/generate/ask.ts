import type { OllamaOptions } from '@berth/protocol'
import type { Message, OutputFormat, Tool, ToolChoice } from '@berth/scheduler'

export type ThinkLevel = boolean | 'low' | 'medium' | 'high' | 'max'

/** A request for text, from whichever API family, in the words that all of them share. */
export interface GenerateAsk {
  readonly prompt: ChatAsk | TextAsk
  readonly defaults: OllamaOptions
  readonly options: OllamaOptions
  readonly format?: OutputFormat | undefined
  readonly think?: ThinkLevel | undefined
  /** The wish to think is dropped, not refused, where the model cannot: some clients always have it. */
  readonly thinkIfAble?: boolean
  readonly keepAliveMs?: number | undefined
  /** Log-probabilities of this many tokens beside the chosen one. */
  readonly topLogprobs?: number | undefined
  /** Leave out the oldest turns of a prompt that is too long; else it is refused. */
  readonly truncate: boolean
  /** Forget the oldest part when the answer outgrows the context; else it ends there. */
  readonly shift: boolean
  readonly returnTokens: boolean
}

/** A conversation. */
export interface ChatAsk {
  readonly kind: 'chat'
  readonly messages: readonly Message[]
  readonly tools?: readonly Tool[] | undefined
  readonly toolChoice?: ToolChoice | undefined
}

/** One prompt, which the model's chat template wraps unless `raw`. */
export interface TextAsk {
  readonly kind: 'text'
  readonly text: string
  readonly raw: boolean
  readonly suffix?: string | undefined
  readonly system?: string | undefined
  readonly template?: string | undefined
  readonly images: readonly Uint8Array[]
  /** Tokens of earlier turns. */
  readonly context?: readonly number[] | undefined
}

/** A request for vectors. */
export interface EmbedAsk {
  readonly inputs: readonly string[]
  readonly truncate: boolean
  readonly keepAliveMs?: number | undefined
  readonly options: OllamaOptions
}
