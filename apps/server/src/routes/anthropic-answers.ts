import {
  sseComment,
  sseEvent,
  type AnthropicAnswerBlock,
  type AnthropicErrorResponse,
  type AnthropicErrorType,
  type AnthropicMessageResponse,
  type AnthropicStopReason,
  type AnthropicStreamEvent,
  type AnthropicUsage,
} from '@berth/protocol'
import type { FinishReason, Metrics, Piece, RequestClass, ToolCall } from '@berth/scheduler'
import type { Caller, Collected, Failure, StreamEncoder } from '../generate/index.js'
import type { ApiFamily } from './family.js'

export const anthropicFamily: ApiFamily = {
  owns: (path) => path === '/v1/messages' || path.startsWith('/v1/messages/'),
  errorBody,
}

const TYPES: Readonly<Record<number, AnthropicErrorType>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
}

function errorBody({ status, message }: Failure): AnthropicErrorResponse {
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  return { type: 'error', error: { type, message } }
}

/** How urgently it was served, where the request named a tier. */
export type ServedTier = Pick<AnthropicUsage, 'service_tier'>

/** @param asked the tier that the request named */
export function tierOf(
  asked: string | undefined,
  { class: requestClass }: Pick<Caller, 'class'>,
): ServedTier {
  return asked === undefined ? {} : { service_tier: TIERS[requestClass] }
}

const TIERS: Readonly<Record<RequestClass, 'priority' | 'standard' | 'batch'>> = {
  interactive: 'priority',
  normal: 'standard',
  batch: 'batch',
}

/**
 * A whole answer. `model` is the name that was asked for.
 * @param sequences the request's own stop sequences: a model has others, which are an end of its turn.
 */
export function messageOf(
  id: string,
  model: string,
  of: Collected,
  sequences: readonly string[],
  tier: ServedTier = {},
): AnthropicMessageResponse {
  const { text, thinking, toolCalls, reason, metrics, stopText } = of
  const content: AnthropicAnswerBlock[] = [
    ...(thinking === '' ? [] : [{ type: 'thinking', thinking, signature: '' } as const]),
    ...(text === '' && (thinking !== '' || toolCalls.length > 0) ? [] : [{ type: 'text', text } as const]),
    ...toolCalls.map(toolUse),
  ]
  const usage = { ...usageOf(metrics), ...tier }
  return { ...emptyMessage(id, model, usage), content, ...endOf(reason, stopText, sequences) }
}

function emptyMessage(id: string, model: string, usage: AnthropicUsage): AnthropicMessageResponse {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  }
}

const toolUse = ({
  id,
  name,
  arguments: input,
}: ToolCall): Extract<AnthropicAnswerBlock, { type: 'tool_use' }> => ({
  type: 'tool_use',
  id,
  name,
  input,
})

function endOf(
  reason: FinishReason,
  stopText: string | undefined,
  sequences: readonly string[],
): Pick<AnthropicMessageResponse, 'stop_sequence'> & { readonly stop_reason: AnthropicStopReason } {
  const stopped = reason === 'stop' && stopText !== undefined && sequences.includes(stopText)
  return stopped
    ? { stop_reason: 'stop_sequence', stop_sequence: stopText }
    : { stop_reason: stopReason(reason), stop_sequence: null }
}

function stopReason(reason: FinishReason): AnthropicStopReason {
  switch (reason) {
    case 'length':
      return 'max_tokens'
    case 'tool-calls':
      return 'tool_use'
    case 'content-filter':
      return 'refusal'
    case 'stop':
      return 'end_turn'
  }
}

function usageOf({ promptTokens, cachedTokens, decodedTokens }: Metrics): AnthropicUsage {
  return {
    input_tokens: promptTokens - cachedTokens,
    output_tokens: decodedTokens,
    cache_read_input_tokens: cachedTokens,
    cache_creation_input_tokens: 0,
  }
}

const NOTHING_YET: AnthropicUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
}

/** The events of a streamed answer. A block is open as long as pieces of its kind come. */
export class AnthropicEncoder implements StreamEncoder {
  readonly comment = sseComment
  readonly #id: string
  readonly #model: string
  readonly #sequences: readonly string[]
  readonly #tier: ServedTier
  #started = false
  #index = 0
  #open: 'text' | 'thinking' | null = null

  constructor(id: string, model: string, sequences: readonly string[], tier: ServedTier = {}) {
    this.#id = id
    this.#model = model
    this.#sequences = sequences
    this.#tier = tier
  }

  piece(piece: Piece): string {
    switch (piece.type) {
      case 'text':
        return (
          this.#opened('text', { type: 'text', text: '' }) +
          event({
            type: 'content_block_delta',
            index: this.#index,
            delta: { type: 'text_delta', text: piece.text },
          })
        )
      case 'thinking':
        return (
          this.#opened('thinking', { type: 'thinking', thinking: '', signature: '' }) +
          event({
            type: 'content_block_delta',
            index: this.#index,
            delta: { type: 'thinking_delta', thinking: piece.text },
          })
        )
      case 'tool-call':
        return this.#start() + this.#closed() + this.#call(piece.call)
      case 'embedding':
        return ''
      case 'finished':
        return (
          this.#start() +
          this.#closed() +
          event({
            type: 'message_delta',
            delta: endOf(piece.reason, piece.stopText, this.#sequences),
            usage: usageOf(piece.metrics),
          }) +
          event({ type: 'message_stop' })
        )
    }
  }

  failed(failure: Failure): string {
    return sseEvent(JSON.stringify(errorBody(failure)), 'error')
  }

  #start(): string {
    if (this.#started) return ''
    this.#started = true
    return event({
      type: 'message_start',
      message: emptyMessage(this.#id, this.#model, { ...NOTHING_YET, ...this.#tier }),
    })
  }

  #opened(kind: 'text' | 'thinking', content_block: AnthropicAnswerBlock): string {
    if (this.#open === kind) return ''
    const before = this.#start() + this.#closed()
    this.#open = kind
    return before + event({ type: 'content_block_start', index: this.#index, content_block })
  }

  #closed(): string {
    if (this.#open === null) return ''
    this.#open = null
    this.#index += 1
    return event({ type: 'content_block_stop', index: this.#index - 1 })
  }

  #call(call: ToolCall): string {
    const index = this.#index
    this.#index += 1
    const partial_json = JSON.stringify(call.arguments)
    return (
      event({ type: 'content_block_start', index, content_block: { ...toolUse(call), input: {} } }) +
      event({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json } }) +
      event({ type: 'content_block_stop', index })
    )
  }
}

const event = (of: AnthropicStreamEvent): string => sseEvent(JSON.stringify(of), of.type)
