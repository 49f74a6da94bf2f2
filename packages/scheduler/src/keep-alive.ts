import type { RunnerEntry } from './runner-entry.js'
import { seconds } from './seconds.js'

/** When an idle runner's keep-alive ends, in clock milliseconds: 0 means at once, negative never. Null: a pin is stronger. */
export function keepAliveEnd(
  runner: Pick<RunnerEntry, 'pinned' | 'keepAliveMs' | 'lastUsed'>,
): number | null {
  if (runner.pinned) return null
  return runner.keepAliveMs < 0 ? Infinity : runner.lastUsed + runner.keepAliveMs
}

/** The shortest keep-alive that is ever learned: less than it takes to read an answer and ask again. */
const FLOOR_MS = 10_000
/** Of the gaps that a keep-alive could bridge, so many are bridged by the learned one. */
const QUANTILE = 0.9
/** Fewer gaps than these teach nothing. */
const FEWEST = 5

export interface LearnedKeepAlive {
  readonly ms: number
  /** "9 of the last 12 requests came within that, learned from gaps up to 5.0 s". */
  readonly why: string
}

/**
 * How long an idle model stays that nobody gave a keep-alive: as long as nine in ten of the gaps between its
 * last requests were, and a little more. Gaps that even `mostMs` would not bridge do not count: where nearly
 * all are such, the model leaves soon. Null while too little is known.
 * @param gaps milliseconds @param mostMs the longest that it may stay; negative: there is no such bound
 */
export function learnedKeepAlive(gaps: readonly number[], mostMs: number): LearnedKeepAlive | null {
  if (gaps.length < FEWEST) return null
  const most = mostMs < 0 ? Infinity : mostMs
  const bridged = gaps.filter((gap) => gap <= most).toSorted((a, b) => a - b)
  const rare = bridged.length < (1 - QUANTILE) * gaps.length
  const quantile = rare ? 0 : (bridged[Math.ceil(QUANTILE * bridged.length) - 1] ?? 0)
  const ms = Math.min(most, Math.max(FLOOR_MS, 1.25 * quantile))
  const within = gaps.filter((gap) => gap <= ms).length
  return {
    ms,
    why: `learned from its last requests: ${within} of ${gaps.length} came within ${seconds(ms)} of the one before`,
  }
}
