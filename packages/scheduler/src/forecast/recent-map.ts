/** A map that keeps what was used last, up to so many: names of models and clients must not pile up. */
export class RecentMap<K, V> {
  readonly #most: number
  readonly #entries = new Map<K, V>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** What is kept under a key, without counting as a use of it. */
  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** What is kept under a key, made where there is nothing; the one that was used longest ago goes if it is one too many. */
  use(key: K, make: () => V): V {
    const found = this.#entries.get(key)
    const value = found ?? make()
    if (found !== undefined) this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#most) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    return value
  }
}
