export type AnthropicStopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'refusal'

export interface AnthropicUsage {
  /** Of the prompt, those that had to be computed. */
  readonly input_tokens: number
  readonly output_tokens: number
  /** Of the prompt, those taken from the KV cache of an earlier request. */
  readonly cache_read_input_tokens: number
  readonly cache_creation_input_tokens: number
  /** How urgently it was served, where the request named a tier. */
  readonly service_tier?: 'priority' | 'standard' | 'batch'
}

export type AnthropicAnswerBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | {
      readonly type: 'tool_use'
      readonly id: string
      readonly name: string
      readonly input: Readonly<Record<string, unknown>>
    }

export interface AnthropicMessageResponse {
  readonly id: string
  readonly type: 'message'
  readonly role: 'assistant'
  readonly model: string
  readonly content: readonly AnthropicAnswerBlock[]
  readonly stop_reason: AnthropicStopReason | null
  readonly stop_sequence: string | null
  readonly usage: AnthropicUsage
}

type Delta =
  | { readonly type: 'text_delta'; readonly text: string }
  | { readonly type: 'thinking_delta'; readonly thinking: string }
  | { readonly type: 'signature_delta'; readonly signature: string }
  | { readonly type: 'input_json_delta'; readonly partial_json: string }

/** The events of a stream, in their order: message_start, for each block start, deltas and stop, message_delta, message_stop. */
export type AnthropicStreamEvent =
  | { readonly type: 'message_start'; readonly message: AnthropicMessageResponse }
  | {
      readonly type: 'content_block_start'
      readonly index: number
      readonly content_block: AnthropicAnswerBlock
    }
  | { readonly type: 'content_block_delta'; readonly index: number; readonly delta: Delta }
  | { readonly type: 'content_block_stop'; readonly index: number }
  | {
      readonly type: 'message_delta'
      readonly delta: { readonly stop_reason: AnthropicStopReason; readonly stop_sequence: string | null }
      readonly usage: AnthropicUsage
    }
  | { readonly type: 'message_stop' }
  | { readonly type: 'ping' }

export interface AnthropicErrorResponse {
  readonly type: 'error'
  readonly error: { readonly type: AnthropicErrorType; readonly message: string }
}

export type AnthropicErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'request_too_large'
  | 'rate_limit_error'
  | 'api_error'
  | 'overloaded_error'

export interface AnthropicTokenCount {
  readonly input_tokens: number
}
