import {
  sseComment,
  sseEvent,
  type OpenAiOutputItem,
  type OpenAiResponse,
  type OpenAiResponseEvent,
  type OpenAiResponseRequest,
  type OpenAiResponseUsage,
} from '@berth/protocol'
import type { FinishReason, Metrics, Piece, ToolCall } from '@berth/scheduler'
import type { Collected, Failure, StreamEncoder } from '../generate/index.js'

/** What an answer says of itself before there is anything of it. */
export function responseHead(requestId: string, body: OpenAiResponseRequest): OpenAiResponse {
  return {
    id: `resp_${requestId}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'in_progress',
    model: body.model,
    output: [],
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    temperature: body.temperature ?? 1,
    top_p: body.top_p ?? 1,
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    store: false,
    usage: null,
  }
}

export function wholeResponse(head: OpenAiResponse, of: Collected): OpenAiResponse {
  const { text, thinking, toolCalls, reason, metrics } = of
  const id = idsOf(head)
  const output: OpenAiOutputItem[] = []
  if (thinking !== '') output.push(reasoning(id('rs', output.length), thinking))
  if (text !== '' || toolCalls.length === 0) output.push(message(id('msg', output.length), text))
  for (const call of toolCalls) output.push(functionCall(id('fc', output.length), call))
  return finished(head, output, reason, metrics)
}

function finished(
  head: OpenAiResponse,
  output: readonly OpenAiOutputItem[],
  reason: FinishReason,
  metrics: Metrics,
): OpenAiResponse {
  const cut =
    reason === 'length' ? 'max_output_tokens' : reason === 'content-filter' ? 'content_filter' : null
  return {
    ...head,
    status: cut === null ? 'completed' : 'incomplete',
    incomplete_details: cut === null ? null : { reason: cut },
    output,
    usage: usageOf(metrics),
  }
}

const idsOf =
  ({ id }: OpenAiResponse) =>
  (kind: 'msg' | 'fc' | 'rs', index: number): string =>
    `${kind}_${id.slice('resp_'.length)}_${index}`

const message = (id: string, text: string): OpenAiOutputItem => ({
  type: 'message',
  id,
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [] }],
})

const reasoning = (id: string, text: string): OpenAiOutputItem => ({
  type: 'reasoning',
  id,
  summary: [{ type: 'summary_text', text }],
})

const functionCall = (id: string, call: ToolCall): Extract<OpenAiOutputItem, { type: 'function_call' }> => ({
  type: 'function_call',
  id,
  call_id: call.id,
  name: call.name,
  arguments: JSON.stringify(call.arguments),
  status: 'completed',
})

function usageOf({ promptTokens, cachedTokens, decodedTokens }: Metrics): OpenAiResponseUsage {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: decodedTokens,
    // Engines do not tell thinking from text when they count.
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + decodedTokens,
  }
}

/** The typed events of a streamed answer. An item is open as long as pieces of its kind come. */
export class ResponseEncoder implements StreamEncoder {
  readonly comment = sseComment
  readonly #head: OpenAiResponse
  readonly #id: ReturnType<typeof idsOf>
  readonly #output: OpenAiOutputItem[] = []
  #open: { readonly kind: 'text' | 'thinking'; text: string } | null = null
  #sequence = 0
  #begun = false

  constructor(head: OpenAiResponse) {
    this.#head = head
    this.#id = idsOf(head)
  }

  piece(piece: Piece): string {
    switch (piece.type) {
      case 'text':
      case 'thinking':
        return this.#begin() + this.#openItem(piece.type) + this.#delta(piece.type, piece.text)
      case 'tool-call':
        return this.#begin() + this.#close() + this.#call(piece.call)
      case 'embedding':
        return ''
      case 'finished': {
        // An answer of nothing is a message of nothing.
        const begin = this.#begin()
        const nothing = this.#open === null && this.#output.length === 0 ? this.#openItem('text') : ''
        const end = begin + nothing + this.#close()
        const response = finished(this.#head, this.#output, piece.reason, piece.metrics)
        const type = response.status === 'completed' ? 'response.completed' : 'response.incomplete'
        return end + this.#event({ type, response })
      }
    }
  }

  failed({ message: text, code }: Failure): string {
    const error = { code: code.replaceAll('-', '_'), message: text }
    const response: OpenAiResponse = { ...this.#head, status: 'failed', output: this.#output, error }
    return this.#event({ type: 'response.failed', response })
  }

  #begin(): string {
    if (this.#begun) return ''
    this.#begun = true
    const response = this.#head
    return (
      this.#event({ type: 'response.created', response }) +
      this.#event({ type: 'response.in_progress', response })
    )
  }

  #openItem(kind: 'text' | 'thinking'): string {
    if (this.#open?.kind === kind) return ''
    const before = this.#close()
    this.#open = { kind, text: '' }
    const [output_index, item_id] = this.#place(kind)
    if (kind === 'text') {
      const item: OpenAiOutputItem = {
        type: 'message',
        id: item_id,
        status: 'in_progress',
        role: 'assistant',
        content: [],
      }
      const part = { type: 'output_text', text: '', annotations: [] } as const
      return (
        before +
        this.#event({ type: 'response.output_item.added', output_index, item }) +
        this.#event({ type: 'response.content_part.added', output_index, item_id, content_index: 0, part })
      )
    }
    const part = { type: 'summary_text', text: '' } as const
    return (
      before +
      this.#event({
        type: 'response.output_item.added',
        output_index,
        item: { type: 'reasoning', id: item_id, summary: [] },
      }) +
      this.#event({
        type: 'response.reasoning_summary_part.added',
        output_index,
        item_id,
        summary_index: 0,
        part,
      })
    )
  }

  #delta(kind: 'text' | 'thinking', delta: string): string {
    if (this.#open !== null) this.#open.text += delta
    const [output_index, item_id] = this.#place(kind)
    return kind === 'text'
      ? this.#event({
          type: 'response.output_text.delta',
          output_index,
          item_id,
          content_index: 0,
          delta,
          logprobs: [],
        })
      : this.#event({
          type: 'response.reasoning_summary_text.delta',
          output_index,
          item_id,
          summary_index: 0,
          delta,
        })
  }

  #close(): string {
    if (this.#open === null) return ''
    const { kind, text } = this.#open
    this.#open = null
    const [output_index, item_id] = this.#place(kind)
    const item = kind === 'text' ? message(item_id, text) : reasoning(item_id, text)
    this.#output.push(item)
    const last = { type: 'response.output_item.done', output_index, item } as const
    if (kind === 'text') {
      const at = { output_index, item_id, content_index: 0 }
      const part = { type: 'output_text', text, annotations: [] } as const
      return this.#events(
        { type: 'response.output_text.done', ...at, text, logprobs: [] },
        { type: 'response.content_part.done', ...at, part },
        last,
      )
    }
    const at = { output_index, item_id, summary_index: 0 }
    return this.#events(
      { type: 'response.reasoning_summary_text.done', ...at, text },
      { type: 'response.reasoning_summary_part.done', ...at, part: { type: 'summary_text', text } },
      last,
    )
  }

  #call(call: ToolCall): string {
    const output_index = this.#output.length
    const item_id = this.#id('fc', output_index)
    const item = functionCall(item_id, call)
    this.#output.push(item)
    const text = JSON.stringify(call.arguments)
    const at = { output_index, item_id }
    return this.#events(
      {
        type: 'response.output_item.added',
        output_index,
        item: { ...item, arguments: '', status: 'in_progress' },
      },
      { type: 'response.function_call_arguments.delta', ...at, delta: text },
      { type: 'response.function_call_arguments.done', ...at, name: call.name, arguments: text },
      { type: 'response.output_item.done', output_index, item },
    )
  }

  /** Where the item that is open is, and its name. */
  #place(kind: 'text' | 'thinking'): readonly [index: number, id: string] {
    const index = this.#output.length
    return [index, this.#id(kind === 'text' ? 'msg' : 'rs', index)]
  }

  #events(...events: readonly OpenAiResponseEvent[]): string {
    return events.map((event) => this.#event(event)).join('')
  }

  #event(event: OpenAiResponseEvent): string {
    const numbered = { ...event, sequence_number: this.#sequence }
    this.#sequence += 1
    return sseEvent(JSON.stringify(numbered), event.type)
  }
}
