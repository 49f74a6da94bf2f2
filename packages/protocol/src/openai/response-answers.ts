import type { OpenAiServiceTier } from './responses.js'

type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed'

export interface OpenAiOutputText {
  readonly type: 'output_text'
  readonly text: string
  readonly annotations: readonly []
}

export type OpenAiOutputItem =
  | {
      readonly type: 'message'
      readonly id: string
      readonly status: Status
      readonly role: 'assistant'
      readonly content: readonly OpenAiOutputText[]
    }
  | {
      readonly type: 'function_call'
      readonly id: string
      readonly call_id: string
      readonly name: string
      readonly arguments: string
      readonly status: Status
    }
  | {
      readonly type: 'reasoning'
      readonly id: string
      readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[]
    }

export interface OpenAiResponse {
  readonly id: string
  readonly object: 'response'
  /** Seconds since 1970. */
  readonly created_at: number
  readonly status: Status
  readonly model: string
  readonly output: readonly OpenAiOutputItem[]
  readonly error: { readonly code: string; readonly message: string } | null
  readonly incomplete_details: { readonly reason: 'max_output_tokens' | 'content_filter' } | null
  readonly instructions: string | null
  readonly max_output_tokens: number | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly parallel_tool_calls: boolean
  readonly previous_response_id: null
  readonly temperature: number
  readonly top_p: number
  readonly tool_choice: unknown
  readonly tools: readonly unknown[]
  readonly store: false
  /** Where the request named one. */
  readonly service_tier?: OpenAiServiceTier
  readonly usage: OpenAiResponseUsage | null
}

export interface OpenAiResponseUsage {
  readonly input_tokens: number
  readonly input_tokens_details: { readonly cached_tokens: number }
  readonly output_tokens: number
  readonly output_tokens_details: { readonly reasoning_tokens: number }
  readonly total_tokens: number
}

interface OfItem {
  readonly item_id: string
  readonly output_index: number
}

interface OfPart extends OfItem {
  readonly content_index: number
}

interface OfSummary extends OfItem {
  readonly summary_index: number
}

type Summary = { readonly type: 'summary_text'; readonly text: string }

/** The events of a stream, each with its `sequence_number`. */
export type OpenAiResponseEvent =
  | { readonly type: 'response.created' | 'response.in_progress'; readonly response: OpenAiResponse }
  | {
      readonly type: 'response.completed' | 'response.incomplete' | 'response.failed'
      readonly response: OpenAiResponse
    }
  | {
      readonly type: 'response.output_item.added' | 'response.output_item.done'
      readonly output_index: number
      readonly item: OpenAiOutputItem
    }
  | (OfPart & {
      readonly type: 'response.content_part.added' | 'response.content_part.done'
      readonly part: OpenAiOutputText
    })
  | (OfPart & { readonly type: 'response.output_text.delta'; readonly delta: string; readonly logprobs: [] })
  | (OfPart & { readonly type: 'response.output_text.done'; readonly text: string; readonly logprobs: [] })
  | (OfSummary & {
      readonly type: 'response.reasoning_summary_part.added' | 'response.reasoning_summary_part.done'
      readonly part: Summary
    })
  | (OfSummary & { readonly type: 'response.reasoning_summary_text.delta'; readonly delta: string })
  | (OfSummary & { readonly type: 'response.reasoning_summary_text.done'; readonly text: string })
  | (OfItem & { readonly type: 'response.function_call_arguments.delta'; readonly delta: string })
  | (OfItem & {
      readonly type: 'response.function_call_arguments.done'
      readonly name: string
      readonly arguments: string
    })
