import { signal, type ReadonlySignal } from '@preact/signals'
import type { Run, RunOrder } from './run.js'
import { runInWorker } from './run-in-worker.js'

export type RunState =
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly run: Run }
  | { readonly state: 'failed'; readonly why: string }

/** Runs that were made, for who goes back and forth between two examples. */
const MOST_KEPT = 12

/** The runs that are wanted: each is made once, and one that is not wanted any more is ended. */
export class RunShelf {
  readonly #states = signal<ReadonlyMap<string, RunState>>(new Map())
  readonly #running = new Map<string, AbortController>()
  #wanted: ReadonlySet<string> = new Set()

  /** By the key they are wanted under. */
  get states(): ReadonlySignal<ReadonlyMap<string, RunState>> {
    return this.#states
  }

  want(orders: ReadonlyMap<string, RunOrder>): void {
    this.#wanted = new Set(orders.keys())
    for (const [key, ending] of this.#running) {
      if (orders.has(key)) continue
      this.#running.delete(key)
      this.#set(key, null)
      ending.abort(new Error('not wanted any more'))
    }
    for (const [key, order] of orders) if (!this.#states.peek().has(key)) void this.#start(key, order)
  }

  async #start(key: string, order: RunOrder): Promise<void> {
    const ending = new AbortController()
    this.#running.set(key, ending)
    this.#set(key, { state: 'running' })
    const state = await runInWorker(order, ending.signal).then(
      (run): RunState => ({ state: 'done', run }),
      (error: unknown): RunState => ({
        state: 'failed',
        why: error instanceof Error ? error.message : String(error),
      }),
    )
    if (this.#running.get(key) !== ending) return
    this.#running.delete(key)
    this.#set(key, state)
  }

  #set(key: string, state: RunState | null): void {
    const states = new Map(this.#states.peek())
    states.delete(key)
    if (state !== null) states.set(key, state)
    for (const oldest of states.keys()) {
      if (states.size <= MOST_KEPT) break
      if (!this.#wanted.has(oldest)) states.delete(oldest)
    }
    this.#states.value = states
  }
}
