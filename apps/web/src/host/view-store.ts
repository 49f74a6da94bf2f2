import type { HostView } from './contract.js'

/** What tabs are shown, and who is told of its changes. */
export class ViewStore {
  #view: HostView
  readonly #listeners = new Set<(parts: Partial<HostView>) => void>()

  constructor(view: HostView) {
    this.#view = view
  }

  get view(): HostView {
    return this.#view
  }

  /** Replaces parts; those that are as they were are told to nobody. */
  set(parts: Partial<HostView>): void {
    const keys = Object.keys(parts) as (keyof HostView)[]
    const changed = keys.filter((key) => JSON.stringify(parts[key]) !== JSON.stringify(this.#view[key]))
    if (changed.length === 0) return
    this.#view = { ...this.#view, ...parts }
    const told = Object.fromEntries(changed.map((key) => [key, parts[key]]))
    for (const listener of this.#listeners) listener(told)
  }

  on(listener: (parts: Partial<HostView>) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }
}
