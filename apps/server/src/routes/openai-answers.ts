import {
  sseComment,
  sseEvent,
  type OpenAiChatChunk,
  type OpenAiChatCompletion,
  type OpenAiCompletion,
  type OpenAiCompletionLogprobs,
  type OpenAiErrorResponse,
  type OpenAiErrorType,
  type OpenAiFinishReason,
  type OpenAiLogprobs,
  type OpenAiServiceTier,
  type OpenAiToolCall,
} from '@berth/protocol'
import type { FinishReason, Piece, TokenLogprob, ToolCall } from '@berth/scheduler'
import { collect, openAiUsage, type Answer, type Failure, type StreamEncoder } from '../generate/index.js'
import type { ApiFamily } from './family.js'

export const openAiFamily: ApiFamily = {
  owns: (path) => path === '/v1' || path.startsWith('/v1/'),
  errorBody,
}

const TYPES: Readonly<Record<number, OpenAiErrorType>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
}

function errorBody({ status, message, code, field }: Failure): OpenAiErrorResponse {
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  return { error: { message, type, param: field, code: code.replaceAll('-', '_') } }
}

/** What all of one answer's chunks say of themselves. */
export interface OpenAiHead {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly system_fingerprint: string
  readonly service_tier?: OpenAiServiceTier
}

export const headOf = (prefix: 'chatcmpl' | 'cmpl', requestId: string, model: string): OpenAiHead => ({
  id: `${prefix}-${requestId}`,
  created: Math.floor(Date.now() / 1000),
  model,
  system_fingerprint: 'fp_berth',
})

const DONE = sseEvent('[DONE]')

/** Chunks of `/v1/chat/completions`. */
export class OpenAiChatEncoder implements StreamEncoder {
  readonly comment = sseComment
  readonly #head: OpenAiHead
  readonly #usage: boolean
  #toolCalls = 0

  constructor(head: OpenAiHead, usage: boolean) {
    this.#head = head
    this.#usage = usage
  }

  piece(piece: Piece): string {
    switch (piece.type) {
      case 'text':
        return this.#chunk({ content: piece.text }, null, piece.logprobs)
      case 'thinking':
        return this.#chunk({ content: '', reasoning: piece.text }, null)
      case 'tool-call':
        return this.#chunk({ tool_calls: [{ index: this.#toolCalls++, ...toolCall(piece.call) }] }, null)
      case 'embedding':
        return ''
      case 'finished': {
        const last = this.#chunk({}, finishReason(piece.reason, this.#toolCalls > 0))
        const chunk = {
          ...this.#head,
          object: 'chat.completion.chunk',
          choices: [],
          usage: openAiUsage(piece.metrics),
        } as const
        return last + (this.#usage ? sseEvent(JSON.stringify(chunk satisfies OpenAiChatChunk)) : '') + DONE
      }
      default:
        return piece satisfies never
    }
  }

  failed(failure: Failure): string {
    return sseEvent(JSON.stringify(errorBody(failure)))
  }

  #chunk(
    delta: OpenAiChatChunk['choices'][number]['delta'],
    finish_reason: OpenAiFinishReason | null,
    logprobs: readonly TokenLogprob[] = [],
  ): string {
    const chunk: OpenAiChatChunk = {
      ...this.#head,
      object: 'chat.completion.chunk',
      choices: [
        {
          index: 0,
          delta: { role: 'assistant', ...delta },
          ...(logprobs.length === 0 ? {} : { logprobs: chatLogprobs(logprobs) }),
          finish_reason,
        },
      ],
      ...(this.#usage ? { usage: null } : {}),
    }
    return sseEvent(JSON.stringify(chunk))
  }
}

export async function chatCompletion(head: OpenAiHead, answer: Answer): Promise<OpenAiChatCompletion> {
  const { text, thinking, toolCalls, logprobs, reason, metrics } = collect(await answer.all())
  return {
    ...head,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && toolCalls.length > 0 ? null : text,
          refusal: null,
          ...(thinking === '' ? {} : { reasoning: thinking }),
          ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(toolCall) }),
        },
        logprobs: logprobs.length === 0 ? null : chatLogprobs(logprobs),
        finish_reason: finishReason(reason, toolCalls.length > 0),
      },
    ],
    usage: openAiUsage(metrics),
  }
}

/** Chunks of `/v1/completions`. */
export class OpenAiCompletionEncoder implements StreamEncoder {
  readonly comment = sseComment
  readonly #head: OpenAiHead
  readonly #usage: boolean
  #offset = 0

  constructor(head: OpenAiHead, usage: boolean) {
    this.#head = head
    this.#usage = usage
  }

  piece(piece: Piece): string {
    if (piece.type === 'text') {
      const logprobs = piece.logprobs?.length ? columns(piece.logprobs, this.#offset) : null
      this.#offset += piece.text.length
      return this.#chunk(piece.text, logprobs, null)
    }
    if (piece.type !== 'finished') return ''
    const last = this.#chunk('', null, finishReason(piece.reason, false))
    const chunk = {
      ...this.#head,
      object: 'text_completion',
      choices: [],
      usage: openAiUsage(piece.metrics),
    } as const
    return last + (this.#usage ? sseEvent(JSON.stringify(chunk satisfies OpenAiCompletion)) : '') + DONE
  }

  failed(failure: Failure): string {
    return sseEvent(JSON.stringify(errorBody(failure)))
  }

  #chunk(
    text: string,
    logprobs: OpenAiCompletionLogprobs | null,
    finish_reason: OpenAiFinishReason | null,
  ): string {
    const chunk: OpenAiCompletion = {
      ...this.#head,
      object: 'text_completion',
      choices: [{ index: 0, text, logprobs, finish_reason }],
      ...(this.#usage ? { usage: null } : {}),
    }
    return sseEvent(JSON.stringify(chunk))
  }
}

export async function textCompletion(head: OpenAiHead, answer: Answer): Promise<OpenAiCompletion> {
  const { text, logprobs, reason, metrics } = collect(await answer.all())
  return {
    ...head,
    object: 'text_completion',
    choices: [
      {
        index: 0,
        text,
        logprobs: logprobs.length === 0 ? null : columns(logprobs, 0),
        finish_reason: finishReason(reason, false),
      },
    ],
    usage: openAiUsage(metrics),
  }
}

const finishReason = (reason: FinishReason, toolCalls: boolean): OpenAiFinishReason =>
  reason === 'length' ? 'length' : reason === 'tool-calls' || toolCalls ? 'tool_calls' : 'stop'

const toolCall = (call: ToolCall): OpenAiToolCall => ({
  id: call.id,
  type: 'function',
  function: { name: call.name, arguments: JSON.stringify(call.arguments) },
})

const one = ({ token, logprob, bytes }: Omit<TokenLogprob, 'top'>) => ({ token, logprob, bytes })

function chatLogprobs(logprobs: readonly TokenLogprob[]): OpenAiLogprobs {
  return { content: logprobs.map((each) => ({ ...one(each), top_logprobs: each.top.map(one) })) }
}

function columns(logprobs: readonly TokenLogprob[], start: number): OpenAiCompletionLogprobs {
  let offset = start
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: logprobs.map(({ token }) => {
      const at = offset
      offset += token.length
      return at
    }),
  }
}
