import type { Tokens } from '@berth/budget'
import type { ToolCall } from './job.js'

/** What a run gives, in order; a `finished` piece comes last. Where an engine does not tell a piece's tokens it counts as one. */
export type Piece =
  | {
      readonly type: 'text'
      readonly text: string
      /** Tokens that this text ends; more than one where several arrived together. */
      readonly tokens: Tokens
      readonly logprobs?: readonly TokenLogprob[]
    }
  | { readonly type: 'thinking'; readonly text: string; readonly tokens: Tokens }
  | { readonly type: 'tool-call'; readonly call: ToolCall }
  | {
      readonly type: 'embedding'
      /** Which of the job's inputs. */
      readonly index: number
      /** As the engine gives it, not normalised. */
      readonly vector: readonly number[]
      readonly tokens: Tokens
    }
  | {
      readonly type: 'finished'
      readonly reason: FinishReason
      readonly metrics: Metrics
      /** Tokens of prompt and answer, where the job asked for them. */
      readonly context?: readonly number[]
      /** Which of the job's stop strings ended it, where one did and the engine tells. */
      readonly stopText?: string
    }

/** Why a job ended by itself; an embedding job ends with `stop`. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter'

export interface TokenLogprob {
  readonly token: string
  /** The token's bytes; a token need not be whole characters. */
  readonly bytes: readonly number[]
  /** Natural logarithm of the probability before sampling; finite, -9999 stands for none. */
  readonly logprob: number
  readonly top: readonly Omit<TokenLogprob, 'top'>[]
}

/** What a job took in its slot. Times are milliseconds by the engine's own clock. */
export interface Metrics {
  readonly promptTokens: Tokens
  /** Of them, taken from the KV cache of an earlier job. */
  readonly cachedTokens: Tokens
  readonly promptMs: number
  readonly decodedTokens: Tokens
  readonly decodeMs: number
  /** Counted or timed from outside the engine, which does not tell. */
  readonly estimated?: true
}
