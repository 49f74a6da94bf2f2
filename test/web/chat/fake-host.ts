import { signal } from '@preact/signals'
import type {
  Ask,
  AskError,
  AskEvent,
  HostCalls,
  HostClient,
  HostView,
  ModelCard,
  WatchMessage,
} from '../../../apps/web/src/host/index.js'

/** One request that was made of the fake, answered by the test. */
export interface FakeAsk {
  readonly ask: Ask
  /** Whether the page has left it before its end. */
  readonly cancelled: boolean
  say(event: AskEvent): void
  text(text: string): void
  think(text: string): void
  finish(reason?: 'stop' | 'length'): void
  fail(error: AskError): void
}

/** A host that does nothing by itself: it records what it is asked, and says what the test has it say. */
export class FakeHost implements HostClient {
  readonly role = signal<'connecting' | 'leading' | 'following'>('leading')
  readonly view = signal<HostView | null>(null)
  readonly asks: (FakeAsk & { readonly ask: Ask })[] = []
  readonly called: [name: string, ...args: unknown[]][] = []
  readonly #watchers = new Set<(message: WatchMessage) => void>()

  constructor(models: readonly ModelCard[]) {
    this.view.value = viewOf(models)
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

  async *ask(ask: Ask, stop?: AbortSignal): AsyncGenerator<AskEvent, void, void> {
    const events: AskEvent[] = []
    let over = false
    let cancelled = false
    let wake: (() => void) | null = null
    const say = (event: AskEvent) => {
      events.push(event)
      wake?.()
    }
    stop?.addEventListener('abort', () => {
      cancelled = true
      wake?.()
    })
    this.asks.push({
      ask,
      get cancelled() {
        return cancelled
      },
      say,
      text: (text) => say({ type: 'pieces', pieces: [{ type: 'text', text, tokens: 1 }] }),
      think: (text) => say({ type: 'pieces', pieces: [{ type: 'thinking', text, tokens: 1 }] }),
      finish: (reason = 'stop') => {
        over = true
        const metrics = {
          promptTokens: 40,
          cachedTokens: 12,
          promptMs: 300,
          decodedTokens: 50,
          decodeMs: 2_000,
        }
        say({ type: 'pieces', pieces: [{ type: 'finished', reason, metrics }] })
      },
      fail: (error) => {
        over = true
        say({ type: 'failed', error })
      },
    })
    try {
      for (;;) {
        yield* events.splice(0)
        if (events.length > 0) continue
        if (over || cancelled) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      if (!over) cancelled = true
    }
  }

  watch(listener: (message: WatchMessage) => void): Disposable {
    this.#watchers.add(listener)
    return { [Symbol.dispose]: () => void this.#watchers.delete(listener) }
  }

  tell(message: WatchMessage): void {
    for (const watcher of this.#watchers) watcher(message)
  }

  async #call(name: string, ...args: unknown[]): Promise<void> {
    this.called.push([name, ...args])
  }
}

/** A model of which only what is given is out of the ordinary. */
export function card(id: string, more: Partial<ModelCard> = {}): ModelCard {
  return {
    id,
    name: id,
    family: id,
    place: 'browser',
    engine: 'wllama',
    from: 'this browser',
    bytes: 145_000_000,
    parameters: 135_000_000,
    quantization: 'Q8_0',
    license: 'Apache-2.0',
    contextLength: 8_192,
    capabilities: ['chat'],
    fit: { verdict: 'fits', why: 'needs 0.3 GiB of 4.0 GiB' },
    stored: { state: 'stored', bytes: 145_000_000 },
    loaded: false,
    ...more,
  }
}

function viewOf(models: readonly ModelCard[]): HostView {
  return {
    models,
    downloads: [],
    storage: null,
    machine: {
      gpu: null,
      noGpu: 'this is a test',
      ram: { budgetBytes: 4e9, budgetFrom: 'guess' },
      cores: 2,
      threads: true,
    },
    servers: [],
  }
}
