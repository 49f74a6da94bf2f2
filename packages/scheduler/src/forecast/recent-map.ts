interface Entry<K, V> {
  readonly key: K
  readonly value: V
  older: Entry<K, V> | null
  newer: Entry<K, V> | null
}

/**
 * A map that keeps what was used last, up to so many: names of models and clients must not pile up. The entries are
 * a list by their last use: to use one that is there moves it and makes nothing.
 */
export class RecentMap<K, V> {
  readonly #most: number
  readonly #entries = new Map<K, Entry<K, V>>()
  #oldest: Entry<K, V> | null = null
  #newest: Entry<K, V> | null = null

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** What is kept under a key, without counting as a use of it. */
  get(key: K): V | undefined {
    return this.#entries.get(key)?.value
  }

  /** What is kept under a key, made where there is nothing; the one that was used longest ago goes if it is one too many. */
  use(key: K, make: () => V): V {
    const found = this.#entries.get(key)
    if (found !== undefined) {
      if (found === this.#newest) return found.value
      this.#unlink(found)
      this.#link(found)
      return found.value
    }
    const made: Entry<K, V> = { key, value: make(), older: null, newer: null }
    this.#entries.set(key, made)
    this.#link(made)
    const oldest = this.#oldest
    if (this.#entries.size > this.#most && oldest !== null) {
      this.#unlink(oldest)
      this.#entries.delete(oldest.key)
    }
    return made.value
  }

  /** Puts an entry that is in no place behind all others. */
  #link(entry: Entry<K, V>): void {
    entry.older = this.#newest
    entry.newer = null
    if (this.#newest === null) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  #unlink({ older, newer }: Entry<K, V>): void {
    if (older === null) this.#oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
  }
}
