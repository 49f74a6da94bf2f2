import type { TraceLine } from './trace.js'

/** A line of a trace as text, without a line's end. */
export function traceText(line: TraceLine): string {
  return JSON.stringify(line)
}
