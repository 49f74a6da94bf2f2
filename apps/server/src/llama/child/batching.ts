import type { CustomBatchingPrioritizationStrategy } from 'node-llama-cpp'

/** How often a batch waits for sequences that have not queued yet. They need a few microtasks; the bound is for those that never come. */
const MOST_WAITS = 64

/**
 * Has the slots decode together, in two ways: a batch is gathered until every running job has queued, and
 * its items go in the order of their sequence ids, so that llama.cpp computes them as one graph.
 *
 * The engine holds its context's lock for as long as anything is queued, and with several jobs something
 * always is: whatever else needs the lock (cutting a cache, saving a state) would wait until all of them
 * ended. So it asks for a pause, and the jobs hold still between two steps.
 */
export class Batching {
  #running = 0
  #waits = 0
  #pauses = 0
  #resume: (() => void)[] = []
  readonly #beforeBatch: () => void

  /** @param beforeBatch is called before each batch is decoded. */
  constructor(beforeBatch: () => void = () => {}) {
    this.#beforeBatch = beforeBatch
  }

  /** Decodes what is queued, lowest sequence first; an item's `evaluationPriority` says which it is. */
  readonly strategy: CustomBatchingPrioritizationStrategy = ({ items }) => {
    if (items.length < this.#running && this.#waits < MOST_WAITS) {
      this.#waits++
      return []
    }
    this.#waits = 0
    this.#beforeBatch()
    return items
      .toSorted((a, b) => a.evaluationPriority - b.evaluationPriority)
      .map((item) => ({ item, processAmount: item.tokens.length }))
  }

  /** A job begins to decode; batches wait for it from now on. */
  enter(): void {
    this.#running++
  }

  /** A job decodes no more. */
  leave(): void {
    this.#running--
  }

  /** To be awaited by a running job before each step; at once, without a promise, where nobody wants a pause. */
  turn(): Promise<void> | undefined {
    return this.#pauses === 0 ? undefined : this.#holdStill()
  }

  /** Runs something that needs the context's lock. The caller must not be running (between `enter` and `leave`). */
  async whilePaused<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#pauses++
    try {
      return await work()
    } finally {
      this.#pauses--
      if (this.#pauses === 0) for (const resume of this.#resume.splice(0)) resume()
    }
  }

  async #holdStill(): Promise<void> {
    this.leave()
    while (this.#pauses > 0) await new Promise<void>((resolve) => this.#resume.push(resolve))
    this.enter()
  }
}
