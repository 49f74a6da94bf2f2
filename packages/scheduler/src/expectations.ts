import type { Bytes } from '@berth/budget'
import type { Forecast } from './forecast/forecast.js'
import type { RequestRecord } from './request-record.js'
import { isWanted, totalBytes, type RunnerEntry } from './runner-entry.js'
import type { SwapForecast } from './swap.js'

/** What the forecast says of a swap for the head of a line. */
export class HeadForecast implements SwapForecast<RunnerEntry> {
  readonly #forecast: Forecast
  readonly #head: RequestRecord
  readonly #now: number

  constructor(forecast: Forecast, head: RequestRecord, now: number) {
    this.#forecast = forecast
    this.#head = head
    this.#now = now
  }

  loadMs(bytes: Bytes): number {
    return this.#forecast.loadMs(this.#head.line, bytes)
  }

  bringBackMs(runner: RunnerEntry): number {
    return this.#forecast.loadMs(runner, totalBytes(runner))
  }

  nextUseInMs(runner: RunnerEntry): number | null {
    return isWanted(runner) ? 0 : this.#forecast.nextUseInMs(runner, this.#now, this.#head.client)
  }

  likelihood(runner: RunnerEntry, withinMs: number): number {
    return isWanted(runner) ? 1 : this.#forecast.likelihood(runner, withinMs, this.#now, this.#head.client)
  }
}
