import type { Metrics } from '../piece.js'
import { Histogram, round } from './histogram.js'
import type { Outcome, Slo } from './report.js'

/** One request's end, as it counts. */
export interface Ended {
  readonly arrivedAt: number
  readonly startedAt: number
  readonly firstAt: number
  readonly endedAt: number
  readonly metrics: Metrics
}

/** Counts what became of some requests. */
export class Tally {
  requests = 0
  #finished = 0
  #lost = 0
  #attained = 0
  #promptTokens = 0
  #decodedTokens = 0
  readonly #waiting = new Histogram()
  readonly #firstToken = new Histogram()
  readonly #end = new Histogram()
  readonly #perToken = new Histogram()

  get tokens(): number {
    return this.#promptTokens + this.#decodedTokens
  }

  /** All of several together. */
  static sum(tallies: readonly Tally[]): Tally {
    const sum = new Tally()
    for (const each of tallies) {
      sum.requests += each.requests
      sum.#finished += each.#finished
      sum.#lost += each.#lost
      sum.#attained += each.#attained
      sum.#promptTokens += each.#promptTokens
      sum.#decodedTokens += each.#decodedTokens
      sum.#waiting.addAll(each.#waiting)
      sum.#firstToken.addAll(each.#firstToken)
      sum.#end.addAll(each.#end)
      sum.#perToken.addAll(each.#perToken)
    }
    return sum
  }

  lost(): void {
    this.#lost += 1
  }

  finished({ arrivedAt, startedAt, firstAt, endedAt, metrics }: Ended, slo: Slo): void {
    const { promptTokens, cachedTokens, decodedTokens } = metrics
    const firstToken = firstAt - arrivedAt
    const end = endedAt - arrivedAt
    const perToken = decodedTokens > 1 ? (endedAt - firstAt) / (decodedTokens - 1) : 0
    this.#finished += 1
    this.#promptTokens += promptTokens - cachedTokens
    this.#decodedTokens += decodedTokens
    this.#waiting.add(startedAt - arrivedAt)
    this.#firstToken.add(firstToken)
    this.#end.add(end)
    if (decodedTokens > 1) this.#perToken.add(perToken)
    const { firstTokenMs = Infinity, endMs = Infinity, tokenMs = Infinity } = slo
    if (firstToken <= firstTokenMs && end <= endMs && perToken <= tokenMs) this.#attained += 1
  }

  outcome(): Outcome {
    return {
      requests: this.requests,
      finished: this.#finished,
      lost: this.#lost,
      sloAttained: round(this.requests === 0 ? 1 : this.#attained / this.requests),
      promptTokens: this.#promptTokens,
      decodedTokens: this.#decodedTokens,
      waiting: this.#waiting.summary(),
      firstToken: this.#firstToken.summary(),
      end: this.#end.summary(),
      perToken: this.#perToken.summary(),
    }
  }
}
