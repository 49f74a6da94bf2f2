import { BackendError, type FinishReason, type Metrics, type Piece } from '@berth/scheduler'
import * as z from 'zod/mini'
import { sseEvents } from '../formats/sse.js'
import { FRAME_LIMIT, type AnswerEnd, type AnswerReader, type Vectors } from './dialect.js'
import { parsedFrame } from './frame.js'
import { tokenLogprobs, WireLogprob } from './logprobs.js'
import { utf8 } from './platform.js'
import { saidError } from './remote-errors.js'
import { ToolCallParts } from './tool-call-parts.js'

const text = z.nullish(z.string())

const Usage = z.object({
  prompt_tokens: z.nullish(z.number()),
  completion_tokens: z.nullish(z.number()),
  prompt_tokens_details: z.nullish(z.object({ cached_tokens: z.nullish(z.number()) })),
})

/** Log-probabilities of `/v1/completions`, in columns. */
const Columns = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.nullable(z.number())),
  top_logprobs: z.nullish(z.array(z.nullable(z.record(z.string(), z.number())))),
})

const Choice = z.object({
  delta: z.nullish(
    z.object({
      content: text,
      reasoning: text,
      reasoning_content: text,
      refusal: text,
      tool_calls: z.nullish(
        z.array(
          z.object({
            index: z.nullish(z.number()),
            id: text,
            function: z.nullish(z.object({ name: text, arguments: text })),
          }),
        ),
      ),
    }),
  ),
  text,
  /** In one of two shapes: see `logprobsOf`. */
  logprobs: z.optional(z.unknown()),
  finish_reason: text,
})

/** A chunk of either kind of completion, as far as it is of use here. */
const Chunk = z.object({
  error: z.optional(z.unknown()),
  choices: z.nullish(z.array(Choice)),
  usage: z.nullish(Usage),
})

/** The events of OpenAI's streams. */
export class OpenAiReader implements AnswerReader {
  over = false
  readonly #calls = new ToolCallParts()
  #reason: FinishReason | null = null
  #figures: Partial<Metrics> = {}

  get end(): AnswerEnd | null {
    return this.#reason === null ? null : { reason: this.#reason, figures: this.#figures }
  }

  async *frames(chunks: AsyncIterable<string>): AsyncGenerator<string, void, void> {
    for await (const { data } of sseEvents(chunks, FRAME_LIMIT)) yield data
  }

  take(server: string, frame: string): readonly Piece[] {
    if (frame.trim() === '[DONE]') {
      this.over = true
      return []
    }
    const { error, choices, usage } = parsedFrame(server, frame, Chunk)
    if (error !== undefined && error !== null) throw saidError(server, error)
    if (usage) this.#figures = figuresOf(usage)
    const [choice] = choices ?? []
    return choice === undefined ? [] : this.#pieces(server, choice)
  }

  #pieces(server: string, choice: z.output<typeof Choice>): readonly Piece[] {
    const { delta, finish_reason: reason } = choice
    const pieces: Piece[] = []
    const thought = delta?.reasoning_content ?? delta?.reasoning
    if (thought) pieces.push({ type: 'thinking', text: thought, tokens: 1 })
    const said = delta?.content || delta?.refusal || choice.text || ''
    const logprobs = logprobsOf(choice.logprobs)
    if (said !== '' || logprobs) {
      pieces.push({
        type: 'text',
        text: said,
        tokens: logprobs?.length ?? 1,
        ...(logprobs === undefined ? {} : { logprobs }),
      })
    }
    for (const part of delta?.tool_calls ?? []) this.#calls.take(server, part)
    if (reason) {
      const calls = this.#calls.whole(server)
      pieces.push(...calls.map((call) => ({ type: 'tool-call', call }) as const))
      this.#reason = reasonOf(reason, calls.length > 0)
    }
    return pieces
  }
}

function reasonOf(reason: string, calls: boolean): FinishReason {
  if (reason === 'length') return 'length'
  if (reason === 'content_filter') return 'content-filter'
  return reason === 'tool_calls' || reason === 'function_call' || calls ? 'tool-calls' : 'stop'
}

function figuresOf(usage: z.output<typeof Usage>): Partial<Metrics> {
  const cached = usage.prompt_tokens_details?.cached_tokens
  return {
    ...(usage.prompt_tokens == null ? {} : { promptTokens: usage.prompt_tokens }),
    ...(usage.completion_tokens == null ? {} : { decodedTokens: usage.completion_tokens }),
    ...(cached == null ? {} : { cachedTokens: cached }),
  }
}

/** Undefined where there are none, or in a shape that nobody knows. */
function logprobsOf(value: unknown) {
  const chat = z.object({ content: z.array(WireLogprob) }).safeParse(value)
  if (chat.success) return chat.data.content.length === 0 ? undefined : tokenLogprobs(chat.data.content)
  const columns = Columns.safeParse(value)
  if (!columns.success || columns.data.tokens.length === 0) return undefined
  const { tokens, token_logprobs: values, top_logprobs: tops } = columns.data
  return tokens.map((token, at) => ({
    token,
    bytes: utf8(token),
    logprob: values[at] ?? -9999,
    top: Object.entries(tops?.[at] ?? {}).map(([other, logprob]) => ({
      token: other,
      bytes: utf8(other),
      logprob,
    })),
  }))
}

const Embedded = z.object({
  data: z.array(z.object({ embedding: z.array(z.number()), index: z.nullish(z.number()) })),
  usage: z.nullish(Usage),
})

export function openAiVectors(server: string, answer: unknown): Vectors {
  const parsed = Embedded.safeParse(answer)
  if (!parsed.success) {
    throw new BackendError('engine', `${server}: expected {"data": [{"embedding": [...]}, ...]}`)
  }
  const vectors: (readonly number[])[] = []
  parsed.data.data.forEach(({ embedding, index }, at) => {
    vectors[index ?? at] = embedding
  })
  return { vectors, tokens: parsed.data.usage?.prompt_tokens ?? null }
}
