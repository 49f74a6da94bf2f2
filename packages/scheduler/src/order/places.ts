import { byOrder, type RequestRecord } from '../request-record.js'
import { ascending, SortedLine } from '../sorted-line.js'
import type { Client } from './clients.js'
import type { WaitingLine } from './waiting-line.js'

/** Before which others a request goes: interactive, normal, batch. */
export type Level = 0 | 1 | 2

/** What the fair order keeps of a request. */
export interface FairPlace {
  client: Client
  level: Level
  /** Clock milliseconds from which on it is given a turn now and then, whoever else waits. */
  due: number
  /** What its client's counter will be when its turn comes, as it was foreseen at its arrival. */
  tag: number
  at: 'line' | 'slot' | 'nowhere'
  /** Weighted tokens it was charged for, prompt and answer together. */
  charged: number
  /** Of them, for its prompt. */
  prompt: number
}

/**
 * Requests by the places that they have in the fair order. Who is first is exact. Which places the others have,
 * tokens decide that are still to be computed: they are told as though every request took what was foreseen of it
 * at its arrival, so that clients take turns.
 */
export class Places implements WaitingLine {
  readonly #places = new SortedLine<RequestRecord>(byPlace)
  readonly #headOf: (first: RequestRecord) => RequestRecord | undefined

  /** @param headOf who is really served next, where this one has the first place */
  constructor(headOf: (first: RequestRecord) => RequestRecord | undefined) {
    this.#headOf = headOf
  }

  get size(): number {
    return this.#places.size
  }

  get first(): RequestRecord | undefined {
    const { first } = this.#places
    return first === undefined ? undefined : this.#headOf(first)
  }

  add(record: RequestRecord): void {
    this.#places.add(record)
  }

  /** Returns whether it was there. */
  delete(record: RequestRecord): boolean {
    return this.#places.delete(record)
  }

  rank(record: RequestRecord): number {
    const head = this.first
    if (head === undefined || record === head) return 0
    return this.#places.rank(record) + (byPlace(record, head) < 0 ? 1 : 0)
  }

  *[Symbol.iterator](): Iterator<RequestRecord> {
    const head = this.first
    if (head === undefined) return
    yield head
    for (const record of this.#places) if (record !== head) yield record
  }
}

export function placeOf(record: RequestRecord): FairPlace {
  if (record.fair === null) throw new Error(`${record.id} has no place in the fair order`)
  return record.fair
}

function byPlace(a: RequestRecord, b: RequestRecord): number {
  const x = placeOf(a)
  const y = placeOf(b)
  return x.level - y.level || ascending(x.tag, y.tag) || byOrder(a, b)
}
