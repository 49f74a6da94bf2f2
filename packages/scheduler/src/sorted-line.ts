/** Items a chunk holds at most; it is split in two above that. Small enough for a cheap splice, large enough for few chunks. */
const CHUNK = 512

/**
 * Items in a total order, with their rank: add, delete and rank cost the logarithm of the length plus a
 * pass over the chunks' lengths (one in 512 of the length), the first item costs nothing.
 * Invariants: no chunk is empty; items rise within a chunk and from chunk to chunk; no two compare equal.
 */
export class SortedLine<T> implements Iterable<T> {
  readonly #compare: (a: T, b: T) => number
  readonly #chunks: T[][] = []
  /** The chunks' lengths beside each other: a rank adds up many, and would else look at every chunk for its own. */
  readonly #lengths: number[] = []
  #size = 0

  /** @param compare never 0 for two different items, and unchanging while they are in the line. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#size
  }

  get first(): T | undefined {
    return this.#chunks[0]?.[0]
  }

  add(item: T): void {
    this.#size += 1
    const last = this.#chunks[this.#chunks.length - 1]
    if (last === undefined) {
      this.#chunks.push([item])
      this.#lengths.push(1)
      return
    }
    const at = Math.min(this.#chunkOf(item), this.#chunks.length - 1)
    const chunk = this.#chunks[at] ?? last
    insert(chunk, this.#indexIn(chunk, item), item)
    if (chunk.length > CHUNK) {
      const upper = chunk.splice(CHUNK / 2)
      this.#chunks.splice(at + 1, 0, upper)
      this.#lengths.splice(at + 1, 0, upper.length)
    }
    this.#lengths[at] = chunk.length
  }

  /** Returns whether the item was there. */
  delete(item: T): boolean {
    const at = this.#chunkOf(item)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return false
    const index = this.#indexIn(chunk, item)
    if (chunk[index] !== item) return false
    remove(chunk, index)
    this.#lengths[at] = chunk.length
    if (chunk.length === 0) {
      this.#chunks.splice(at, 1)
      this.#lengths.splice(at, 1)
    }
    this.#size -= 1
    return true
  }

  /** How many items come before this one, which need not be in the line. */
  rank(item: T): number {
    const lastChunk = this.#chunks[this.#chunks.length - 1]
    if (lastChunk !== undefined && lastChunk[lastChunk.length - 1] === item) return this.#size - 1
    const at = this.#chunkOf(item)
    let before = 0
    for (let i = 0; i < at; i += 1) before += this.#lengths[i] ?? 0
    const chunk = this.#chunks[at]
    return chunk === undefined ? before : before + this.#indexIn(chunk, item)
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const chunk of this.#chunks) yield* chunk
  }

  /** The first chunk whose last item is not before this one; the number of chunks where there is none. */
  #chunkOf(item: T): number {
    // Most that come are put last, and most that go are first.
    if (this.#isBefore(this.#chunks.length - 1, item)) return this.#chunks.length
    if (!this.#isBefore(0, item)) return 0
    return lowerBound(this.#chunks.length, (i) => this.#isBefore(i, item))
  }

  /** Whether all of a chunk is before an item. */
  #isBefore(chunk: number, item: T): boolean {
    const items = this.#chunks[chunk]
    const last = items?.[items.length - 1]
    return last !== undefined && this.#compare(last, item) < 0
  }

  #indexIn(chunk: readonly T[], item: T): number {
    return lowerBound(chunk.length, (i) => {
      const other = chunk[i]
      return other !== undefined && this.#compare(other, item) < 0
    })
  }
}

/** Which of two numbers is less, as a small whole number: a difference of fractions would be an object at each comparison. */
export function ascending(a: number, b: number): -1 | 0 | 1 {
  return a < b ? -1 : a > b ? 1 : 0
}

// At an end, where most come and go, without the array that a splice makes.

function insert<T>(items: T[], at: number, item: T): void {
  if (at === items.length) items.push(item)
  else items.splice(at, 0, item)
}

function remove(items: unknown[], at: number): void {
  if (at === items.length - 1) items.pop()
  else if (at === 0) items.shift()
  else items.splice(at, 1)
}

/** The first index at which `isBefore` no longer holds, by halving. */
function lowerBound(length: number, isBefore: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(middle)) low = middle + 1
    else high = middle
  }
  return low
}
