import type { Tokens } from '@berth/budget'
import type { Metrics, Piece } from '@berth/scheduler'
import type { AskError, AskEvent } from '../../host/index.js'
import type { AnswerFigures, AnswerRecord, Problem } from '../../storage/index.js'

/** Where an answer is that is being given in this tab. */
export type LivePhase =
  /** The host has not said anything yet. */
  | { readonly name: 'asking' }
  | (Extract<AskEvent, { readonly type: 'waiting' }> & { readonly name: 'waiting' })
  | { readonly name: 'prompt'; readonly tokens: Tokens; readonly of: Tokens }
  | { readonly name: 'thinking' }
  | { readonly name: 'answering' }
  | { readonly name: 'over' }

/** An answer as it grows. Times are `performance.now()`'s milliseconds. */
export interface LiveAnswer {
  readonly phase: LivePhase
  readonly text: string
  readonly thinking: string
  readonly state: AnswerRecord['state']
  readonly cut: boolean
  readonly problem: Problem | null
  readonly figures: AnswerFigures | null
  /** The model that really answers, once that is known. */
  readonly answeredBy: string | null
  readonly askedAt: number
  readonly firstAt: number | null
  readonly lastAt: number | null
  readonly waitedMs: number
  /** Decoded so far, as far as pieces tell. */
  readonly tokens: Tokens
}

/** @param before the text that is gone on from. */
export function beginAnswer(now: number, before: { text: string; thinking: string }): LiveAnswer {
  return {
    phase: { name: 'asking' },
    ...before,
    state: 'writing',
    cut: false,
    problem: null,
    figures: null,
    answeredBy: null,
    askedAt: now,
    firstAt: null,
    lastAt: null,
    waitedMs: 0,
    tokens: 0,
  }
}

/** What an event makes of an answer; one that is over stays as it is. */
export function stepAnswer(live: LiveAnswer, event: AskEvent, now: number): LiveAnswer {
  if (live.phase.name === 'over') return live
  switch (event.type) {
    case 'waiting':
      return { ...live, phase: { name: 'waiting', ...event } }
    case 'started':
      return {
        ...live,
        phase: { name: 'prompt', tokens: 0, of: 0 },
        answeredBy: event.model,
        waitedMs: event.waitedMs,
      }
    case 'prompt':
      return live.firstAt === null
        ? { ...live, phase: { name: 'prompt', tokens: event.tokens, of: event.of } }
        : live
    case 'pieces':
      return event.pieces.reduce((answer, piece) => stepPiece(answer, piece, now), live)
    case 'failed':
      return failed(live, event.error)
  }
}

/** Ends an answer from this side: the user stopped it, or what was asked broke off without a word. */
export function endAnswer(live: LiveAnswer, state: 'stopped' | 'interrupted'): LiveAnswer {
  if (live.phase.name === 'over') return live
  return { ...live, phase: { name: 'over' }, state, figures: figuresSoFar(live) }
}

/** Tokens a second so far; null before there are two to take the time between. */
export function rateSoFar({ tokens, firstAt, lastAt }: LiveAnswer): number | null {
  if (firstAt === null || lastAt === null || tokens < 2 || lastAt <= firstAt) return null
  return ((tokens - 1) * 1_000) / (lastAt - firstAt)
}

function stepPiece(live: LiveAnswer, piece: Piece, now: number): LiveAnswer {
  switch (piece.type) {
    case 'text':
      return { ...grown(live, piece.tokens, now), phase: { name: 'answering' }, text: live.text + piece.text }
    case 'thinking':
      return {
        ...grown(live, piece.tokens, now),
        phase: { name: 'thinking' },
        thinking: live.thinking + piece.text,
      }
    case 'finished':
      return {
        ...live,
        phase: { name: 'over' },
        state: 'done',
        cut: piece.reason === 'length',
        figures: figuresOf(live, piece.metrics),
      }
    // A chat offers no tools and asks for no embedding.
    case 'tool-call':
    case 'embedding':
      return live
  }
}

function grown(live: LiveAnswer, tokens: Tokens, now: number): LiveAnswer {
  return { ...live, tokens: live.tokens + tokens, firstAt: live.firstAt ?? now, lastAt: now }
}

function failed(live: LiveAnswer, error: AskError): LiveAnswer {
  const retryAfterMs = error.from === 'backend' ? (error.retryAfterMs ?? null) : null
  const problem: Problem = { from: error.from, code: error.code, message: error.message, retryAfterMs }
  const over = { ...live, phase: { name: 'over' as const }, figures: figuresSoFar(live) }
  // An answer that was cut off in the middle by a tab's end is there as far as it went.
  return error.code === 'host-gone'
    ? { ...over, state: 'interrupted', problem }
    : { ...over, state: 'failed', problem }
}

function figuresOf(live: LiveAnswer, metrics: Metrics): AnswerFigures {
  return {
    promptTokens: metrics.promptTokens,
    cachedTokens: metrics.cachedTokens,
    tokens: metrics.decodedTokens,
    firstMs: live.firstAt === null ? null : live.firstAt - live.askedAt,
    waitedMs: live.waitedMs,
    tokensPerSecond: metrics.decodeMs > 0 ? (metrics.decodedTokens * 1_000) / metrics.decodeMs : null,
    estimated: metrics.estimated === true,
  }
}

function figuresSoFar(live: LiveAnswer): AnswerFigures | null {
  if (live.firstAt === null) return null
  return {
    promptTokens: 0,
    cachedTokens: 0,
    tokens: live.tokens,
    firstMs: live.firstAt - live.askedAt,
    waitedMs: live.waitedMs,
    tokensPerSecond: rateSoFar(live),
    estimated: true,
  }
}
