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
    const had: Readonly<Record<string, unknown>> = { ...this.#view }
    const changed = Object.entries(parts).filter(
      ([key, part]) => JSON.stringify(part) !== JSON.stringify(had[key]),
    )
    if (changed.length === 0) return
    this.#view = { ...this.#view, ...parts }
    const told: Partial<HostView> = Object.fromEntries(changed)
    for (const listener of this.#listeners) listener(told)
  }

  on(listener: (parts: Partial<HostView>) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }
}
