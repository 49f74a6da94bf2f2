import { BackendError, type FinishReason, type Piece, type ToolCall } from '@berth/scheduler'
import * as z from 'zod/mini'
import { linesOf } from '../formats/lines.js'
import { FRAME_LIMIT, type AnswerEnd, type AnswerReader, type Vectors } from './dialect.js'
import { parsedFrame } from './frame.js'
import { tokenLogprobs, WireLogprob } from './logprobs.js'
import { saidError } from './remote-errors.js'

const argumentsOf = z.union([
  z.record(z.string(), z.unknown()),
  // Some servers send them as OpenAI does.
  z.pipe(
    z.string(),
    z.transform((text): Record<string, unknown> =>
      z.record(z.string(), z.unknown()).parse(JSON.parse(text || '{}')),
    ),
  ),
])

const WireCall = z.object({
  id: z.nullish(z.string()),
  function: z.object({ name: z.string(), arguments: z.nullish(argumentsOf) }),
})

const count = z.nullish(z.number())

/** A line of `/api/chat` or `/api/generate`, as far as it is of use here. */
const Line = z.object({
  error: z.optional(z.unknown()),
  message: z.nullish(
    z.object({
      content: z.nullish(z.string()),
      thinking: z.nullish(z.string()),
      tool_calls: z.nullish(z.array(WireCall)),
    }),
  ),
  response: z.nullish(z.string()),
  thinking: z.nullish(z.string()),
  logprobs: z.nullish(z.array(WireLogprob)),
  done: z.nullish(z.boolean()),
  done_reason: z.nullish(z.string()),
  context: z.nullish(z.array(z.number())),
  prompt_eval_count: count,
  prompt_eval_duration: count,
  eval_count: count,
  eval_duration: count,
})
type Line = z.output<typeof Line>

/** The lines of Ollama's streams. */
export class NativeReader implements AnswerReader {
  end: AnswerEnd | null = null
  #calls = 0

  get over(): boolean {
    return this.end !== null
  }

  frames(text: AsyncIterable<string>): AsyncIterable<string> {
    return linesOf(text, FRAME_LIMIT)
  }

  take(server: string, frame: string): readonly Piece[] {
    const line = parsedFrame(server, frame, Line)
    if (line.error !== undefined) throw saidError(server, line.error)
    const pieces = this.#pieces(line)
    if (line.done) this.end = endOf(line, this.#calls > 0)
    return pieces
  }

  #pieces({ message, response, thinking, logprobs }: Line): readonly Piece[] {
    const pieces: Piece[] = []
    const thought = message?.thinking ?? thinking
    if (thought) pieces.push({ type: 'thinking', text: thought, tokens: 1 })
    const text = message?.content ?? response
    const probabilities = logprobs?.length ? tokenLogprobs(logprobs) : undefined
    if (text || probabilities) {
      pieces.push({
        type: 'text',
        text: text ?? '',
        tokens: probabilities?.length ?? 1,
        ...(probabilities === undefined ? {} : { logprobs: probabilities }),
      })
    }
    for (const call of message?.tool_calls ?? []) pieces.push({ type: 'tool-call', call: this.#call(call) })
    return pieces
  }

  #call({ id, function: { name, arguments: given } }: z.output<typeof WireCall>): ToolCall {
    this.#calls += 1
    return { id: id || `call_${this.#calls}`, name, arguments: given ?? {} }
  }
}

function endOf(line: Line, calls: boolean): AnswerEnd {
  return {
    reason: reasonOf(line.done_reason, calls),
    figures: {
      ...(line.prompt_eval_count == null ? {} : { promptTokens: line.prompt_eval_count }),
      ...(line.prompt_eval_duration == null ? {} : { promptMs: line.prompt_eval_duration / 1e6 }),
      ...(line.eval_count == null ? {} : { decodedTokens: line.eval_count }),
      ...(line.eval_duration == null ? {} : { decodeMs: line.eval_duration / 1e6 }),
    },
    ...(line.context == null ? {} : { context: line.context }),
  }
}

function reasonOf(reason: string | null | undefined, calls: boolean): FinishReason {
  if (reason === 'length') return 'length'
  return calls ? 'tool-calls' : 'stop'
}

const Embedded = z.object({
  embeddings: z.array(z.array(z.number())),
  prompt_eval_count: count,
})

export function nativeVectors(server: string, answer: unknown): Vectors {
  const parsed = Embedded.safeParse(answer)
  if (!parsed.success) {
    throw new BackendError('engine', `${server}: expected {"embeddings": [[...], ...]} of /api/embed`)
  }
  return { vectors: parsed.data.embeddings, tokens: parsed.data.prompt_eval_count ?? null }
}
