import { signal } from '@preact/signals'
import type {
  Ask,
  AskEvent,
  HostCalls,
  HostClient,
  HostView,
  WatchMessage,
} from '../../../apps/web/src/host/index.js'

type Call = readonly [name: keyof HostCalls, ...args: unknown[]]

/** A host that shows what a test says, and remembers what it was asked. */
export class RecordingHost implements HostClient {
  readonly role = signal<'connecting' | 'leading' | 'following'>('leading')
  readonly view = signal<HostView | null>(null)
  readonly made: Call[] = []
  /** What a call rejects with, by its name. */
  readonly failures = new Map<string, string>()
  readonly #watchers = new Set<(message: WatchMessage) => void>()
  /** Told before anybody watched: a page begins to when it is drawn. */
  readonly #unheard: WatchMessage[] = []

  readonly calls: HostCalls = {
    download: (model) => this.#call('download', model),
    pauseDownload: (model) => this.#call('pauseDownload', model),
    cancelDownload: (model) => this.#call('cancelDownload', model),
    deleteModel: (model) => this.#call('deleteModel', model),
    preload: (model) => this.#call('preload', model),
    unload: (model) => this.#call('unload', model),
    pin: (model, pinned) => this.#call('pin', model, pinned),
    cancelRequest: (id) => this.#call('cancelRequest', id),
    reclass: (id, to) => this.#call('reclass', id, to),
    settingsChanged: () => this.#call('settingsChanged'),
    refresh: () => this.#call('refresh'),
  }

  ask(_ask: Ask): AsyncIterable<AskEvent> {
    throw new Error('nothing is asked here')
  }

  watch(listener: (message: WatchMessage) => void): Disposable {
    this.#watchers.add(listener)
    listener({
      type: 'snapshot',
      snapshot: { seq: 0, at: 0, policy: 'fair', devices: [], runners: [], queue: [] },
    })
    for (const message of this.#unheard.splice(0)) listener(message)
    return { [Symbol.dispose]: () => void this.#watchers.delete(listener) }
  }

  tell(message: WatchMessage): void {
    if (this.#watchers.size === 0) this.#unheard.push(message)
    for (const watcher of this.#watchers) watcher(message)
  }

  async #call(name: keyof HostCalls, ...args: readonly unknown[]): Promise<void> {
    this.made.push([name, ...args])
    const failure = this.failures.get(name)
    if (failure !== undefined) throw new Error(failure)
  }
}
