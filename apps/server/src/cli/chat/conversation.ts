import type { Client } from '../client.js'

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  readonly thinking?: string
}

/** `true` and `false`, or how hard. */
export type Think = boolean | 'low' | 'medium' | 'high' | 'max'

/** What is asked for beside the messages, and how answers are shown. Commands of the chat change it. */
export interface Conversation {
  model: string
  system: string | undefined
  messages: ChatMessage[]
  options: Record<string, unknown>
  /** `json`, or a JSON schema. */
  format: string | object | undefined
  /** Absent: as the model does by itself. */
  think: Think | undefined
  keepAlive: string | undefined
  hideThinking: boolean
  verbose: boolean
  wordWrap: boolean
}

/** What comes of an answer, in its order. */
export interface AnswerPart {
  readonly thinking?: string
  readonly text?: string
}

/** Nanoseconds and counts, as the last line of a stream carries them; what is not known is left out. */
export interface AnswerMetrics {
  readonly total_duration?: number
  readonly load_duration?: number
  readonly prompt_eval_count?: number
  readonly prompt_eval_duration?: number
  readonly eval_count?: number
  readonly eval_duration?: number
}

interface ChatLine extends AnswerMetrics {
  readonly message?: { readonly content?: string; readonly thinking?: string }
  readonly done?: boolean
}

export interface Answered {
  readonly message: ChatMessage
  readonly metrics: AnswerMetrics
}

/**
 * Asks for the next answer of a conversation, which it does not change.
 * @param onLine is given every line as it came, for those who want them whole.
 * @throws CliError; an AbortError at the signal.
 */
export async function answer(
  client: Client,
  conversation: Conversation,
  onPart: (part: AnswerPart) => void,
  signal: AbortSignal,
  onLine: (line: object) => void = () => undefined,
): Promise<Answered> {
  let [text, thinking] = ['', '']
  let metrics: AnswerMetrics = {}
  for await (const line of client.lines('/api/chat', requestOf(conversation), signal)) {
    onLine(line)
    const { message, done, ...rest }: ChatLine = line
    if (message?.thinking) {
      thinking += message.thinking
      onPart({ thinking: message.thinking })
    }
    if (message?.content) {
      text += message.content
      onPart({ text: message.content })
    }
    if (done) metrics = rest
  }
  return {
    message: { role: 'assistant', content: text, ...(thinking === '' ? {} : { thinking }) },
    metrics,
  }
}

function requestOf({ model, system, messages, options, format, think, keepAlive }: Conversation): object {
  return {
    model,
    messages: system === undefined ? messages : [{ role: 'system', content: system }, ...messages],
    ...(Object.keys(options).length === 0 ? {} : { options }),
    ...(format === undefined ? {} : { format }),
    ...(think === undefined ? {} : { think }),
    ...(keepAlive === undefined ? {} : { keep_alive: keepAlive }),
  }
}
