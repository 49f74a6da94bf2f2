export type OpenAiFinishReason = 'stop' | 'length' | 'tool_calls'

export interface OpenAiUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  /** Of the prompt's tokens, those taken from the KV cache of an earlier request. */
  readonly prompt_tokens_details?: { readonly cached_tokens: number }
}

export interface OpenAiToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
}

interface OpenAiTokenLogprob {
  readonly token: string
  readonly logprob: number
  readonly bytes: readonly number[]
}

export interface OpenAiLogprobs {
  readonly content: readonly (OpenAiTokenLogprob & { readonly top_logprobs: readonly OpenAiTokenLogprob[] })[]
}

/** How urgently it was served: by class, `priority`, `default` or `flex`. */
export type OpenAiServiceTier = 'priority' | 'default' | 'flex'

interface OpenAiAnswer {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly system_fingerprint: string
  /** Where the request named one. */
  readonly service_tier?: OpenAiServiceTier
}

export interface OpenAiChatCompletion extends OpenAiAnswer {
  readonly object: 'chat.completion'
  readonly choices: readonly {
    readonly index: number
    readonly message: {
      readonly role: 'assistant'
      readonly content: string | null
      readonly refusal: null
      readonly reasoning?: string
      readonly tool_calls?: readonly OpenAiToolCall[]
    }
    readonly logprobs: OpenAiLogprobs | null
    readonly finish_reason: OpenAiFinishReason
  }[]
  readonly usage: OpenAiUsage
}

export interface OpenAiChatChunk extends OpenAiAnswer {
  readonly object: 'chat.completion.chunk'
  readonly choices: readonly {
    readonly index: number
    readonly delta: {
      readonly role?: 'assistant'
      readonly content?: string
      readonly reasoning?: string
      readonly tool_calls?: readonly (OpenAiToolCall & { readonly index: number })[]
    }
    readonly logprobs?: OpenAiLogprobs
    readonly finish_reason: OpenAiFinishReason | null
  }[]
  readonly usage?: OpenAiUsage | null
}

/** The older shape of log-probabilities, in columns. */
export interface OpenAiCompletionLogprobs {
  readonly tokens: readonly string[]
  readonly token_logprobs: readonly number[]
  readonly top_logprobs: readonly Readonly<Record<string, number>>[]
  readonly text_offset: readonly number[]
}

/** A whole answer of `/v1/completions`, or a chunk of one: both have the same shape. */
export interface OpenAiCompletion extends OpenAiAnswer {
  readonly object: 'text_completion'
  readonly choices: readonly {
    readonly index: number
    readonly text: string
    readonly logprobs: OpenAiCompletionLogprobs | null
    readonly finish_reason: OpenAiFinishReason | null
  }[]
  readonly usage?: OpenAiUsage | null
}

export interface OpenAiModel {
  readonly id: string
  readonly object: 'model'
  readonly created: number
  readonly owned_by: string
}

export interface OpenAiModelList {
  readonly object: 'list'
  readonly data: readonly OpenAiModel[]
}

export interface OpenAiEmbeddingsResponse {
  readonly object: 'list'
  readonly data: readonly {
    readonly object: 'embedding'
    readonly index: number
    /** A text is base64 of little-endian 32-bit floats. */
    readonly embedding: readonly number[] | string
  }[]
  readonly model: string
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number }
}

export type OpenAiErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'rate_limit_error'
  | 'api_error'

export interface OpenAiErrorResponse {
  readonly error: {
    readonly message: string
    readonly type: OpenAiErrorType
    readonly param: string | null
    readonly code: string | null
  }
}
