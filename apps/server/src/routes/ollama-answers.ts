import {
  ndjsonLine,
  type OllamaChatResponse,
  type OllamaGenerateResponse,
  type OllamaLogprob,
  type OllamaToolCall,
} from '@berth/protocol'
import type { FinishReason, Piece, TokenLogprob, ToolCall } from '@berth/scheduler'
import { collect, ollamaMetrics, type Answer, type Failure, type StreamEncoder } from '../generate/index.js'
import type { ApiFamily } from './family.js'

export const ollamaFamily: ApiFamily = {
  owns: () => true,
  errorBody: ({ message }) => ({ error: message }),
}

/** What a line says, by whichever of the two endpoints. */
interface Said {
  readonly text: string
  readonly thinking?: string
  readonly toolCalls?: readonly OllamaToolCall[]
}

/** Where the two endpoints put what is said. */
type Place = (
  said: Said,
) => Pick<OllamaGenerateResponse, 'response' | 'thinking'> | Pick<OllamaChatResponse, 'message'>

export const inResponse: Place = ({ text, thinking }) => ({
  response: text,
  ...(thinking === undefined ? {} : { thinking }),
})

export const inMessage: Place = ({ text, thinking, toolCalls }) => ({
  message: {
    role: 'assistant',
    content: text,
    ...(thinking === undefined ? {} : { thinking }),
    ...(toolCalls === undefined ? {} : { tool_calls: toolCalls }),
  },
})

/** A line of NDJSON for every piece. */
export class OllamaEncoder implements StreamEncoder {
  readonly #model: string
  readonly #answer: Answer
  readonly #place: Place
  #toolCalls = 0

  /** @param model the name the client used. */
  constructor(model: string, answer: Answer, place: Place) {
    this.#model = model
    this.#answer = answer
    this.#place = place
  }

  piece(piece: Piece): string {
    switch (piece.type) {
      case 'text':
        return this.#line({ text: piece.text }, piece.logprobs)
      case 'thinking':
        return this.#line({ text: '', thinking: piece.text })
      case 'tool-call':
        return this.#line({ text: '', toolCalls: [toolCall(piece.call, this.#toolCalls++)] })
      case 'embedding':
        return ''
      case 'finished':
        return ndjsonLine({
          ...head(this.#model),
          ...this.#place({ text: '' }),
          done: true,
          done_reason: doneReason(piece.reason),
          ...(piece.context === undefined ? {} : { context: piece.context }),
          ...ollamaMetrics(this.#answer.timing, piece.metrics),
        })
      default:
        return piece satisfies never
    }
  }

  failed({ message }: Failure): string {
    return ndjsonLine({ error: message })
  }

  #line(said: Said, logprobs: readonly TokenLogprob[] = []): string {
    return ndjsonLine({
      ...head(this.#model),
      ...this.#place(said),
      done: false,
      ...(logprobs.length === 0 ? {} : { logprobs: logprobs.map(logprob) }),
    })
  }
}

/** The whole answer in one. */
export async function ollamaAnswer(model: string, answer: Answer, place: Place): Promise<object> {
  const { text, thinking, toolCalls, logprobs, reason, metrics, context } = collect(await answer.all())
  return {
    ...head(model),
    ...place({
      text,
      ...(thinking === '' ? {} : { thinking }),
      ...(toolCalls.length === 0 ? {} : { toolCalls: toolCalls.map(toolCall) }),
    }),
    done: true,
    done_reason: doneReason(reason),
    ...(context === undefined ? {} : { context }),
    ...ollamaMetrics(answer.timing, metrics),
    ...(logprobs.length === 0 ? {} : { logprobs: logprobs.map(logprob) }),
  }
}

/** The answer to a request that only loads or unloads. */
export function withoutText(model: string, place: Place, reason: 'load' | 'unload', answer?: Answer): object {
  const metrics = answer === undefined ? {} : ollamaMetrics(answer.timing)
  return { ...head(model), ...place({ text: '' }), done: true, done_reason: reason, ...metrics }
}

const head = (model: string) => ({ model, created_at: new Date().toISOString() })

/** Ollama has no reason of its own for tool calls. */
const doneReason = (reason: FinishReason): 'stop' | 'length' => (reason === 'length' ? 'length' : 'stop')

const toolCall = (call: ToolCall, index: number): OllamaToolCall => ({
  id: call.id,
  function: { index, name: call.name, arguments: call.arguments },
})

function logprob({ token, bytes, logprob: value, top }: TokenLogprob): OllamaLogprob {
  return {
    token,
    logprob: value,
    bytes,
    ...(top.length === 0
      ? {}
      : {
          top_logprobs: top.map((other) => ({
            token: other.token,
            logprob: other.logprob,
            bytes: other.bytes,
          })),
        }),
  }
}
