import type { RequestClass } from '../request.js'
import { round } from './histogram.js'

/** How evenly clients of one class that all wanted more were served. 1 is the best of both ratios, 0 the worst. */
export interface FairnessReport {
  /** Windows in which two clients or more of a class were backlogged from beginning to end, for each class; without any, the rest says nothing. */
  readonly windows: number
  readonly windowMs: number
  /** Jain's index (Jain, Chiu and Hawe, 1984): (Σx)² / (n·Σx²) over what each got in a window; the mean over windows. */
  readonly jain: number
  /** What the worst-served got in a window, in parts of what the best-served got; the mean over windows. */
  readonly minMaxShare: number
  /** The most by which two clients' tokens differed in a window. */
  readonly largestGap: number
}

interface Client {
  readonly class: RequestClass
  waiting: number
  /** It has had nothing waiting at some moment of this window. */
  satisfied: boolean
  /** Tokens served in this window. */
  served: number
}

/**
 * Fairness can only be asked of clients that compete: in windows of one length, of those clients of a class that had
 * requests waiting all the time (backlogged, as Sheng et al., OSDI 2024, define it), what each was served, in
 * tokens of prompts and answers at the moment at which they were computed.
 */
export class FairnessMeter {
  readonly #windowMs: number
  readonly #clients = new Map<string, Client>()
  #windows = 0
  #jain = 0
  #minMax = 0
  #gap = 0

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  get windowMs(): number {
    return this.#windowMs
  }

  queued(client: string, of: RequestClass): void {
    const known = this.#clients.get(keyOf(client, of))
    if (known !== undefined) known.waiting += 1
    else this.#clients.set(keyOf(client, of), { class: of, waiting: 1, satisfied: true, served: 0 })
  }

  /** One of its requests waits no longer. */
  left(client: string, of: RequestClass): void {
    const known = this.#clients.get(keyOf(client, of))
    if (known === undefined) return
    known.waiting -= 1
    if (known.waiting === 0) known.satisfied = true
  }

  served(client: string, of: RequestClass, tokens: number): void {
    const known = this.#clients.get(keyOf(client, of))
    if (known !== undefined) known.served += tokens
  }

  /** Ends a window; all that was served in it must have been told. */
  close(): void {
    const shares = new Map<RequestClass, number[]>()
    for (const [key, client] of this.#clients) {
      if (!client.satisfied) shares.set(client.class, [...(shares.get(client.class) ?? []), client.served])
      client.satisfied = client.waiting === 0
      client.served = 0
      // Names of clients must not pile up.
      if (client.waiting === 0) this.#clients.delete(key)
    }
    for (const each of shares.values()) this.#compare(each)
  }

  #compare(shares: readonly number[]): void {
    const most = Math.max(...shares)
    if (shares.length < 2 || most <= 0) return
    const least = Math.min(...shares)
    const sum = shares.reduce((total, share) => total + share, 0)
    const squares = shares.reduce((total, share) => total + share * share, 0)
    this.#windows += 1
    this.#jain += (sum * sum) / (shares.length * squares)
    this.#minMax += least / most
    this.#gap = Math.max(this.#gap, most - least)
  }

  report(): FairnessReport {
    const mean = (sum: number) => round(this.#windows === 0 ? 1 : sum / this.#windows)
    return {
      windows: this.#windows,
      windowMs: this.#windowMs,
      jain: mean(this.#jain),
      minMaxShare: mean(this.#minMax),
      largestGap: round(this.#gap),
    }
  }
}

function keyOf(client: string, of: RequestClass): string {
  return `${of} ${client}`
}
