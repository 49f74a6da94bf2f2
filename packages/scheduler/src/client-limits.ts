import type { Tokens } from '@berth/budget'
import type { ClientLimits } from './settings.js'

const MINUTE = 60_000

/** What floating point may be wrong by. */
const SPECK = 1e-6

/** Fewer clients than this are not worth looking through. */
const FEW = 64

/** Which limit a request would exceed. */
export interface Excess {
  readonly limit: keyof ClientLimits
  readonly most: number
  /** What the client has, or has used of late, of that. */
  readonly has: number
  /** Milliseconds until there is room by the passing of time alone; null where one of its requests has to end first. */
  readonly retryAfterMs: number | null
}

interface Account {
  /** Requests that wait or run. */
  open: number
  readonly requests: Bucket
  readonly tokens: Bucket
}

/**
 * What every client has and has used, against what it may. A rate is a bucket that leaks by the rate and holds
 * a minute's worth: after a quiet minute a whole minute's worth may come at once. Tokens are charged when they
 * are computed, so that the bucket may overflow; nothing more is let in until it has leaked below its brim.
 * A client is forgotten once it has nothing open and its buckets are empty.
 */
export class ClientAccounts {
  readonly #accounts = new Map<string, Account>()
  #sweepAt = FEW

  /** How many clients are remembered. */
  get size(): number {
    return this.#accounts.size
  }

  /** Why one more request of this client may not come in now; null where it may. */
  excess(client: string, limits: ClientLimits, now: number): Excess | null {
    const account = this.#accounts.get(client)
    if (account === undefined) return null
    const { concurrent, requestsPerMinute, tokensPerMinute } = limits
    if (concurrent > 0 && account.open >= concurrent) {
      return { limit: 'concurrent', most: concurrent, has: account.open, retryAfterMs: null }
    }
    return (
      overfull('requestsPerMinute', account.requests, requestsPerMinute, now) ??
      overfull('tokensPerMinute', account.tokens, tokensPerMinute, now)
    )
  }

  /** A request was let in. */
  opened(client: string, limits: ClientLimits, now: number): void {
    let account = this.#accounts.get(client)
    if (account === undefined) {
      this.#sweep(now)
      account = { open: 0, requests: new Bucket(), tokens: new Bucket() }
      this.#accounts.set(client, account)
    }
    account.open += 1
    account.requests.pour(1, limits.requestsPerMinute, now)
  }

  /** Tokens were computed for a client; fewer than none where it was charged too many before. */
  charge(client: string, limits: ClientLimits, tokens: Tokens, now: number): void {
    this.#accounts.get(client)?.tokens.pour(tokens, limits.tokensPerMinute, now)
  }

  /** A request of this client is over. */
  closed(client: string, now: number): void {
    const account = this.#accounts.get(client)
    if (account === undefined) return
    account.open -= 1
    if (isForgotten(account, now)) this.#accounts.delete(client)
  }

  /** Drops clients that are gone, whenever there are twice as many as were left the last time. */
  #sweep(now: number): void {
    if (this.#accounts.size < this.#sweepAt) return
    for (const [client, account] of this.#accounts) {
      if (isForgotten(account, now)) this.#accounts.delete(client)
    }
    this.#sweepAt = Math.max(FEW, 2 * this.#accounts.size)
  }
}

function isForgotten({ open, requests, tokens }: Account, now: number): boolean {
  return open <= 0 && requests.isEmpty(now) && tokens.isEmpty(now)
}

function overfull(
  limit: 'requestsPerMinute' | 'tokensPerMinute',
  bucket: Bucket,
  most: number,
  now: number,
): Excess | null {
  if (most <= 0) return null
  const has = bucket.level(now)
  // One must fit wholly: the last request, or the last token, is to be within the rate.
  const over = has - (most - 1)
  if (over <= SPECK) return null
  return { limit, most, has, retryAfterMs: Math.ceil((over * MINUTE) / most - SPECK) }
}

/** Leaks by the rate of its last pouring; times are the clock's milliseconds. */
class Bucket {
  #level = 0
  #at = 0
  #perMinute = 0

  /** What is left of what was poured in. */
  level(now: number): number {
    return Math.max(0, this.#level - ((now - this.#at) * this.#perMinute) / MINUTE)
  }

  /** Where there is no limit, nothing is kept. */
  pour(amount: number, perMinute: number, now: number): void {
    this.#level = perMinute <= 0 ? 0 : Math.max(0, this.level(now) + amount)
    this.#perMinute = perMinute
    this.#at = now
  }

  isEmpty(now: number): boolean {
    return this.level(now) === 0
  }
}
