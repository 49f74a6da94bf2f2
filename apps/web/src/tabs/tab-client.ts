import { signal as newSignal } from '@preact/signals'
import { names, openChannel, uniqueName } from '../host/index.js'
import type {
  Announcement,
  Ask,
  AskEvent,
  Channel,
  Epoch,
  HostCalls,
  HostClient,
  HostView,
  Locks,
  ToHost,
  ToTab,
  WatchMessage,
} from '../host/index.js'
import { Asked } from './asked.js'

type Body<T> = T extends unknown ? Omit<T, 'tab'> : never

interface Call {
  readonly name: keyof HostCalls
  readonly args: readonly unknown[]
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * The host as this tab sees it. Finds it by saying hello to whoever is there and to whoever announces itself,
 * and knows of its end by the lock that it holds for life. Whatever a host had not begun is asked again of the
 * next: requests, and calls, which may all be made twice.
 */
export class TabClient implements HostClient {
  readonly role = newSignal<'connecting' | 'leading' | 'following'>('connecting')
  readonly view = newSignal<HostView | null>(null)
  readonly #tab = uniqueName()
  readonly #locks: Locks
  readonly #names: ReturnType<typeof names>
  readonly #asked = new Map<string, Asked>()
  readonly #calls = new Map<string, Call>()
  readonly #watchers = new Set<(message: WatchMessage) => void>()
  #lobby: Channel<unknown, ToHost> | null = null
  #host: { readonly epoch: Epoch; readonly channel: Channel<unknown, ToHost> } | null = null
  /** The host that this tab's own worker is. */
  #ownEpoch: Epoch | null = null

  constructor(locks: Locks, space: string) {
    this.#locks = locks
    this.#names = names(space)
  }

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

  /** Looks for the host. The tab's own life lock must be held before: by it the host knows when the tab is gone. */
  open(): void {
    openChannel<ToTab, never>(this.#names.tab(this.#tab), (message) => this.#heard(message))
    this.#lobby = openChannel<unknown, ToHost>(this.#names.lobby, (message) => {
      if (isAnnouncement(message)) this.#hello()
    })
    this.#hello()
  }

  /** The name of the lock that this tab must hold for life. */
  get lifeLock(): string {
    return this.#names.life(this.#tab)
  }

  /** Says which host this tab's own worker is, if it runs one. */
  leads(epoch: Epoch | null): void {
    this.#ownEpoch = epoch
    this.#showRole()
  }

  async *ask(ask: Ask, signal?: AbortSignal): AsyncGenerator<AskEvent, void, void> {
    const asked = new Asked(ask)
    const leave = () => asked.leave()
    if (signal?.aborted === true) return
    signal?.addEventListener('abort', leave)
    this.#asked.set(ask.id, asked)
    this.#say({ type: 'ask', ask })
    try {
      yield* asked.events()
    } finally {
      signal?.removeEventListener('abort', leave)
      this.#asked.delete(ask.id)
      if (!asked.over) this.#say({ type: 'cancel', id: ask.id })
    }
  }

  watch(listener: (message: WatchMessage) => void): Disposable {
    this.#watchers.add(listener)
    // Asked anew, so that this one has a snapshot to begin with; the others hear it as well, and it is true.
    this.#say({ type: 'watch', on: true })
    return {
      [Symbol.dispose]: () => {
        if (this.#watchers.delete(listener) && this.#watchers.size === 0)
          this.#say({ type: 'watch', on: false })
      },
    }
  }

  #call(name: keyof HostCalls, ...args: readonly unknown[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const id = uniqueName()
      this.#calls.set(id, { name, args, resolve, reject })
      this.#say({ type: 'call', id, name, args })
    })
  }

  #hello(): void {
    this.#lobby?.post({ type: 'hello', tab: this.#tab })
  }

  /** To the host, if there is one; what has to be said to the next is said at its welcome. */
  #say(body: Body<ToHost>): void {
    this.#host?.channel.post({ tab: this.#tab, ...body })
  }

  #heard(message: ToTab): void {
    if (message.type === 'welcome') {
      this.#welcomed(message.epoch)
      this.view.value = message.view
      return
    }
    // What a host that is gone had still to say: it has been asked of the next, or has failed.
    if (message.epoch !== this.#host?.epoch) return
    switch (message.type) {
      case 'view':
        if (this.view.value) this.view.value = { ...this.view.value, ...message.parts }
        break
      case 'asked':
        for (const { id, events } of message.batches) {
          for (const event of events) this.#asked.get(id)?.add(event)
        }
        break
      case 'called': {
        const call = this.#calls.get(message.id)
        this.#calls.delete(message.id)
        if (message.error === null) call?.resolve()
        else call?.reject(new Error(message.error))
        break
      }
      case 'watched':
        for (const watcher of this.#watchers) watcher(message.message)
        break
    }
  }

  #welcomed(epoch: Epoch): void {
    if (this.#host?.epoch === epoch) return
    // A new host's welcome may come before the end of the old one was noticed.
    this.#lost()
    const channel = openChannel<unknown, ToHost>(this.#names.host(epoch), () => undefined)
    const host = { epoch, channel }
    this.#host = host
    this.#showRole()
    void this.#locks.freed(this.#names.life(epoch)).then(() => {
      if (this.#host === host) this.#lost()
    })
    for (const { ask } of this.#asked.values()) this.#say({ type: 'ask', ask })
    for (const [id, { name, args }] of this.#calls) this.#say({ type: 'call', id, name, args })
    if (this.#watchers.size > 0) this.#say({ type: 'watch', on: true })
  }

  #lost(): void {
    if (this.#host === null) return
    this.#host.channel.close()
    this.#host = null
    this.#showRole()
    for (const asked of this.#asked.values()) {
      if (!asked.begun) continue
      asked.add({
        type: 'failed',
        error: {
          from: 'host',
          code: 'host-gone',
          message: 'The tab that was computing this answer was closed before the answer was complete.',
        },
      })
    }
  }

  #showRole(): void {
    this.role.value =
      this.#host === null ? 'connecting' : this.#host.epoch === this.#ownEpoch ? 'leading' : 'following'
  }
}

function isAnnouncement(value: unknown): value is Announcement {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'announce'
}
