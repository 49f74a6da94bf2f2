import type { FinishReason, Metrics, Piece, TokenLogprob, ToolCall } from '@berth/scheduler'
import { NO_METRICS } from './answer.js'

/** A whole answer, for those who do not stream. */
export interface Collected {
  readonly text: string
  readonly thinking: string
  readonly toolCalls: readonly ToolCall[]
  readonly logprobs: readonly TokenLogprob[]
  readonly vectors: readonly (readonly number[])[]
  readonly reason: FinishReason
  readonly metrics: Metrics
  readonly context: readonly number[] | undefined
  /** The stop string that ended it. */
  readonly stopText: string | undefined
}

export function collect(pieces: readonly Piece[]): Collected {
  let text = ''
  let thinking = ''
  const toolCalls: ToolCall[] = []
  const logprobs: TokenLogprob[] = []
  const vectors: (readonly number[])[] = []
  let finished: Extract<Piece, { type: 'finished' }> | undefined
  for (const piece of pieces) {
    switch (piece.type) {
      case 'text':
        text += piece.text
        logprobs.push(...(piece.logprobs ?? []))
        break
      case 'thinking':
        thinking += piece.text
        break
      case 'tool-call':
        toolCalls.push(piece.call)
        break
      case 'embedding':
        vectors[piece.index] = piece.vector
        break
      case 'finished':
        finished = piece
        break
    }
  }
  return {
    text,
    thinking,
    toolCalls,
    logprobs,
    vectors,
    reason: finished?.reason ?? 'stop',
    metrics: finished?.metrics ?? NO_METRICS,
    context: finished?.context,
    stopText: finished?.stopText,
  }
}
