import type { Metrics } from '@berth/scheduler'
import type { OllamaMetrics, OpenAiUsage } from '@berth/protocol'

/** How long a request took, beside what the engine says. Milliseconds. */
export interface Timing {
  readonly totalMs: number
  /** All before the slot: queueing and loading. */
  readonly waitedMs: number
}

const nanoseconds = (ms: number): number => Math.round(ms * 1e6)

/** Ollama's figures: whole nanoseconds, left out where zero. */
export function ollamaMetrics(timing: Timing, metrics?: Metrics): OllamaMetrics {
  const figures = {
    // The two are read off different clocks, and the whole is never less than a part of it.
    total_duration: nanoseconds(Math.max(timing.totalMs, timing.waitedMs)),
    // Clients take an absent one for a broken answer; a grant in the same tick is shorter than the clock can tell.
    load_duration: Math.max(1, nanoseconds(timing.waitedMs)),
    prompt_eval_count: metrics?.promptTokens ?? 0,
    prompt_eval_duration: nanoseconds(metrics?.promptMs ?? 0),
    eval_count: metrics?.decodedTokens ?? 0,
    eval_duration: nanoseconds(metrics?.decodeMs ?? 0),
  }
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== 0))
}

export function openAiUsage(metrics: Metrics): OpenAiUsage {
  return {
    prompt_tokens: metrics.promptTokens,
    completion_tokens: metrics.decodedTokens,
    total_tokens: metrics.promptTokens + metrics.decodedTokens,
    prompt_tokens_details: { cached_tokens: metrics.cachedTokens },
  }
}
