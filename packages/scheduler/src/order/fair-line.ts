import { byOrder, type RequestRecord } from '../request-record.js'
import { SortedLine } from '../sorted-line.js'
import type { Client, Share } from './clients.js'
import type { OrderedLine } from './order.js'

/** Before which others a request goes: 0 is interactive, or as old as its class may grow; then normal; then batch. */
export type Level = 0 | 1 | 2

/** Of so many starts in a line, one is for whoever has waited longest past every bound. */
const TURNS = 8

/** What the fair order keeps of a request. */
export interface FairPlace {
  client: Client
  level: Level
  /** What its client's counter will be when its turn comes, as it was foreseen at its arrival. */
  tag: number
  /** In line, or in a slot. */
  at: 'line' | 'slot' | 'nowhere'
  /** Weighted tokens it was charged for, prompt and answer together. */
  charged: number
  /** Of them, for its prompt. */
  prompt: number
}

/** What a line is told by the order that it belongs to. */
export interface FairRules {
  /** Brings counters and levels up to date. */
  catchUp(): void
  /** Whether a request has waited so long that it is given a turn whatever its client has had. */
  isOverdue(record: RequestRecord): boolean
}

/**
 * The requests for one model: by level, then by what their clients have had, then by arrival. Every eighth
 * start is for the one that has waited longest, if it has waited too long: so nobody starves, whatever the
 * counters, and since such a start is charged like any other, no client gets a larger share by it as long as
 * its fair share is an eighth or more.
 *
 * `first` is exact. Which places the others have, later tokens decide: they are told as though every request
 * took what was foreseen at its arrival.
 */
export class FairLine implements OrderedLine {
  readonly #rules: FairRules
  readonly #levels = ([0, 1, 2] as const).map(() => ({
    shares: new SortedLine<Share>(byShare),
    of: new Map<Client, Share>(),
  }))
  readonly #places = new SortedLine<RequestRecord>(byPlace)
  /** Those of level 0, by age. */
  readonly #aged = new SortedLine<RequestRecord>(byOrder)
  /** Starts since the one that has waited longest had a turn. */
  #starts = 0

  constructor(rules: FairRules) {
    this.#rules = rules
  }

  get size(): number {
    return this.#places.size
  }

  get first(): RequestRecord | undefined {
    this.#rules.catchUp()
    const oldest = this.#aged.first
    if (this.#starts >= TURNS - 1 && oldest !== undefined && this.#rules.isOverdue(oldest)) return oldest
    for (const { shares } of this.#levels) {
      const share = shares.first
      if (share !== undefined) return share.oldest
    }
    return undefined
  }

  rank(record: RequestRecord): number {
    return rankBehind(this.#places, this.first, record)
  }

  add(record: RequestRecord): void {
    const { client, level } = placeOf(record)
    this.#places.add(record)
    if (level === 0) this.#aged.add(record)
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
    if (level === 0) this.#aged.delete(record)
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
    this.#starts = this.#aged.first === record ? 0 : this.#starts + 1
  }

  [Symbol.iterator](): Iterator<RequestRecord> {
    return headFirst(this.#places, this.first)
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

export function placeOf(record: RequestRecord): FairPlace {
  if (record.fair === null) throw new Error(`${record.id} has no place in the fair order`)
  return record.fair
}

/** Order of places: by level, then by what the client's counter was foreseen to be. */
export function byPlace(a: RequestRecord, b: RequestRecord): number {
  const [x, y] = [placeOf(a), placeOf(b)]
  return x.level - y.level || x.tag - y.tag || byOrder(a, b)
}

function byShare(a: Share, b: Share): number {
  return a.client.counter - b.client.counter || byOrder(a.oldest, b.oldest)
}

/** How many come before a request, when the head goes before all whatever its place. */
export function rankBehind(
  places: SortedLine<RequestRecord>,
  head: RequestRecord | undefined,
  record: RequestRecord,
): number {
  if (head === undefined || record === head) return 0
  return places.rank(record) + (byPlace(record, head) < 0 ? 1 : 0)
}

/** All of them, the head first. */
export function* headFirst(
  places: SortedLine<RequestRecord>,
  head: RequestRecord | undefined,
): Generator<RequestRecord, void, void> {
  if (head === undefined) return
  yield head
  for (const record of places) if (record !== head) yield record
}
