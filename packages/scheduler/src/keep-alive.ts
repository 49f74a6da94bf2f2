import type { RunnerEntry } from './runner-entry.js'

/** When an idle runner's keep-alive ends, in clock milliseconds: 0 means at once, negative never. Null: a pin is stronger. */
export function keepAliveEnd(
  runner: Pick<RunnerEntry, 'pinned' | 'keepAliveMs' | 'lastUsed'>,
): number | null {
  if (runner.pinned) return null
  return runner.keepAliveMs < 0 ? Infinity : runner.lastUsed + runner.keepAliveMs
}
