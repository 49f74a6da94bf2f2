import type { Forecast } from './forecast/forecast.js'
import type { Line } from './line.js'
import type { RequestRecord } from './request-record.js'
import { isWanted, totalBytes, type RunnerEntry } from './runner-entry.js'
import type { SwapForecast } from './swap.js'

/** What the forecast says of a swap for the head of a line. */
export function swapForecast(
  forecast: Forecast,
  line: Line,
  head: RequestRecord,
  now: number,
): SwapForecast<RunnerEntry> {
  return {
    loadMs: (bytes) => forecast.loadMs(line, bytes),
    bringBackMs: (runner) => forecast.loadMs(runner, totalBytes(runner)),
    nextUseInMs: (runner) => (isWanted(runner) ? 0 : forecast.nextUseInMs(runner, now, head.client)),
    likelihood: (runner, withinMs) =>
      isWanted(runner) ? 1 : forecast.likelihood(runner, withinMs, now, head.client),
  }
}
