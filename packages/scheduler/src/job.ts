import type { Tokens } from '@berth/budget'

/** Work for one slot. */
export type Job = GenerateJob | EmbedJob

/** What a foreign engine is asked for with a job; our own were loaded with it, and are kept by the scheduler. */
export interface ForeignWish {
  /** Tokens of context that it is to have. */
  readonly contextLength?: Tokens
  /** How long it is to keep the model after the job: milliseconds; 0 lets it go, negative keeps it for ever. */
  readonly keepAliveMs?: number
}

export interface GenerateJob extends ForeignWish {
  readonly kind: 'generate'
  readonly prompt: Prompt
  readonly sampling: Sampling
  /** Most tokens to decode, one at least; absent: until the model stops or the context is full. */
  readonly maxTokens?: Tokens
  /** Texts that end the answer and are not part of it. */
  readonly stop: readonly string[]
  /** What to do with a prompt, or an answer, that outgrows the context. */
  readonly overflow: Overflow
  /** Restrains the answer's form by grammar. */
  readonly format?: OutputFormat
  /** Log-probabilities with every token: of the chosen one, and of this many of the likeliest beside it. */
  readonly logprobs?: { readonly top: number }
  /** Return, when finished, the tokens of prompt and answer, to go on from in a later raw prompt. */
  readonly returnTokens?: boolean
}

/** Messages for the model's own chat template, or text (after tokens of an earlier turn) as it stands. */
export type Prompt =
  | {
      readonly kind: 'messages'
      readonly messages: readonly Message[]
      readonly tools?: readonly Tool[]
      /** Whether a tool must be called; absent: as the model likes. */
      readonly toolChoice?: ToolChoice
      /** Variables that the chat template reads beside the messages, such as `enable_thinking`. */
      readonly templateArguments?: Readonly<Record<string, unknown>>
      /** A chat template that replaces the model's own. */
      readonly template?: ChatTemplate
      /** Tokens of earlier turns, as a run returned them; the messages go on from there, and are never left out. */
      readonly after?: readonly number[]
    }
  | {
      readonly kind: 'raw'
      readonly text: string
      readonly after?: readonly number[]
      /** Text that the answer leads to, by the tokens that the model has for that; `unsupported` where it has none. */
      readonly suffix?: string
    }

/** A chat template's source; `jinja` is what a GGUF carries, `go` what Ollama's models carry. */
export interface ChatTemplate {
  readonly language: 'jinja' | 'go'
  readonly source: string
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  readonly thinking?: string
  /** Encoded images (PNG, JPEG …), whole files. */
  readonly images?: readonly Uint8Array[]
  readonly toolCalls?: readonly ToolCall[]
  /** For a tool's answer: which call it answers. */
  readonly toolCallId?: string
  readonly toolName?: string
}

export interface Tool {
  readonly name: string
  readonly description?: string
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>
}

/** `required`: one of them or more; a name: that one. */
export type ToolChoice = 'required' | { readonly name: string }

export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** What is left out is off, or the engine's own default where there is no off. */
export interface Sampling {
  /** 0 takes the likeliest token always. */
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
  readonly minP?: number
  /** The same seed on the same build, prompt and settings gives the same text; absent: a random one. */
  readonly seed?: number
  /** 1 is off. */
  readonly repeatPenalty?: number
  /** How many of the last tokens the repeat penalty looks at; 0 is off, -1 the whole context. */
  readonly repeatLastN?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  /** Added to a token's logit, by token id. */
  readonly logitBias?: Readonly<Record<number, number>>
}

export interface Overflow {
  /**
   * `truncate` leaves out the oldest turns, never the system prompt or the last turn, and of a question that is
   * too long by itself the beginning; `fail` ends with `context-overflow`.
   */
  readonly prompt: 'truncate' | 'fail'
  /** `shift` forgets the oldest part and goes on; `stop` finishes with reason `length`. */
  readonly answer: 'shift' | 'stop'
  /** Tokens at the start that a shift never forgets. */
  readonly keep?: Tokens
}

export type OutputFormat =
  | { readonly kind: 'json' }
  | { readonly kind: 'json-schema'; readonly schema: Readonly<Record<string, unknown>> }
  | { readonly kind: 'gbnf'; readonly grammar: string }

export interface EmbedJob extends ForeignWish {
  readonly kind: 'embed'
  readonly inputs: readonly string[]
  /** Cut an input that is longer than the context, or fail with `context-overflow`. */
  readonly truncate: boolean
}
