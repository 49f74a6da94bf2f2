import type { Settings } from '../storage/index.js'

/**
 * Gives every request of this worker the key of the server that it goes to: lists of models, weights, chats, and
 * whatever a library fetches by itself. One place for all of them, so that none is forgotten and no other server
 * ever gets a key.
 */
export class ServerKeys {
  readonly #fetch: typeof fetch
  readonly #origin: string
  /** By origin. */
  #keys: ReadonlyMap<string, string> = new Map()

  /** @param origin where the page comes from. @param fetch what really fetches. */
  constructor(origin: string, fetch: typeof globalThis.fetch) {
    this.#origin = origin
    this.#fetch = fetch
  }

  /** From now on. */
  use({ servers, ownKey }: Pick<Settings, 'servers' | 'ownKey'>): void {
    const keys = new Map<string, string>()
    for (const { address, kind, key } of servers) {
      // Other kinds have nothing but what is asked of them by name, with its key.
      if (kind === 'berth' && key !== undefined) keys.set(new URL(address).origin, key)
    }
    if (ownKey !== null) keys.set(this.#origin, ownKey)
    this.#keys = keys
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : new URL(input, this.#origin).href
    const key = this.#keys.get(new URL(url).origin)
    if (key === undefined) return await this.#fetch(input, init)
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${key}`)
    return await this.#fetch(input, { ...init, headers })
  }
}
