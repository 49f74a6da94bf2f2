import { byOrder, type RequestRecord } from '../request-record.js'
import { ascending, SortedLine } from '../sorted-line.js'
import type { Client, Share } from './clients.js'
import type { OrderedLine } from './order.js'
import { placeOf, Places, type Level } from './places.js'

/** Of so many starts in a line, one is for whoever has waited longest beyond what its class may. */
const TURNS = 8

/** What a line asks the order that it belongs to. */
export interface FairRules {
  now(): number
  /** Brings the clients' counters up to date. */
  settle(): void
}

/**
 * The requests for one model: by class, then by what their clients have had, then by arrival. Whoever has waited
 * longer than its class may has a turn, the longest first, but one start in eight at the most: so nobody starves,
 * whatever the classes and counters, and no flood, once it is old, takes all. Such a start is charged like any
 * other: no client gets a larger share by it whose fair share is an eighth or more.
 */
export class FairLine implements OrderedLine {
  readonly #rules: FairRules
  readonly #levels = ([0, 1, 2] as const).map(() => ({
    shares: new SortedLine<Share>(byShare),
    of: new Map<Client, Share>(),
  }))
  readonly #places: Places = new Places(() => this.first)
  readonly #byDue = new SortedLine<RequestRecord>(byDue)
  /** Starts since somebody had a turn for having waited too long. */
  #starts = TURNS

  constructor(rules: FairRules) {
    this.#rules = rules
  }

  get size(): number {
    return this.#places.size
  }

  get first(): RequestRecord | undefined {
    this.#rules.settle()
    const overdue = this.#overdue()
    if (overdue !== undefined) return overdue
    for (const { shares } of this.#levels) {
      const share = shares.first
      if (share !== undefined) return share.oldest
    }
    return undefined
  }

  rank(record: RequestRecord): number {
    return this.#places.rank(record)
  }

  add(record: RequestRecord): void {
    const { client, level } = placeOf(record)
    this.#places.add(record)
    this.#byDue.add(record)
    const { shares, of } = this.#at(level)
    const share = of.get(client)
    if (share === undefined) {
      const made: Share = { client, records: new SortedLine(byOrder), oldest: record, line: shares }
      made.records.add(record)
      of.set(client, made)
      client.shares.add(made)
      shares.add(made)
      return
    }
    share.records.add(record)
    if (share.records.first === record) this.#reorder(share, record)
  }

  delete(record: RequestRecord): boolean {
    if (!this.#places.delete(record)) return false
    const { client, level } = placeOf(record)
    this.#byDue.delete(record)
    const { shares, of } = this.#at(level)
    const share = of.get(client)
    if (share === undefined) return true
    share.records.delete(record)
    const { first } = share.records
    if (first === undefined) {
      shares.delete(share)
      of.delete(client)
      client.shares.delete(share)
    } else if (share.oldest === record) {
      this.#reorder(share, first)
    }
    return true
  }

  /** To be called before a request that starts is taken out. */
  starts(record: RequestRecord): void {
    this.#starts = this.#overdue() === record ? 1 : this.#starts + 1
  }

  [Symbol.iterator](): Iterator<RequestRecord> {
    return this.#places[Symbol.iterator]()
  }

  /** Who has a turn for having waited too long. */
  #overdue(): RequestRecord | undefined {
    if (this.#starts < TURNS) return undefined
    const longest = this.#byDue.first
    return longest !== undefined && placeOf(longest).due <= this.#rules.now() ? longest : undefined
  }

  #at(level: Level) {
    const at = this.#levels[level]
    if (at === undefined) throw new Error(`There is no level ${level}`)
    return at
  }

  #reorder(share: Share, oldest: RequestRecord): void {
    share.line.delete(share)
    share.oldest = oldest
    share.line.add(share)
  }
}

function byDue(a: RequestRecord, b: RequestRecord): number {
  return ascending(placeOf(a).due, placeOf(b).due) || a.seq - b.seq
}

function byShare(a: Share, b: Share): number {
  return ascending(a.client.counter, b.client.counter) || byOrder(a.oldest, b.oldest)
}
