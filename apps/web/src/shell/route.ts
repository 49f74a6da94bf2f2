import { signal, type ReadonlySignal } from '@preact/signals'

/** Where in the page one is; its name is in the address after `#`, so that links and the back button work. */
export type Route =
  | { readonly page: 'chat'; readonly id: string | null }
  | { readonly page: 'models' }
  | { readonly page: 'activity' }
  | { readonly page: 'planner' }
  | { readonly page: 'settings' }

const PAGES = ['models', 'activity', 'planner', 'settings'] as const

/** The place that a hash names; one that nobody knows is a new chat. What comes after a `?` is the page's own affair. */
export function parseRoute(hash: string): Route {
  const [path = ''] = hash.replace(/^#?\/?/, '').split('?')
  const [page, id] = path.split('/')
  const plain = PAGES.find((name) => name === page)
  if (plain !== undefined) return { page: plain }
  if (page !== 'chat' || id === undefined || id === '') return NEW_CHAT
  try {
    return { page: 'chat', id: decodeURIComponent(id) }
  } catch {
    return NEW_CHAT // not an address that we made: it breaks off within an escape
  }
}

/** The hash that leads to a place, to be used as a link. */
export function hrefOf(route: Route): string {
  if (route.page !== 'chat') return `#/${route.page}`
  return route.id === null ? '#/chat' : `#/chat/${encodeURIComponent(route.id)}`
}

const NEW_CHAT: Route = { page: 'chat', id: null }

const current = signal<Route>(NEW_CHAT)

/** Follows the address. */
export const route: ReadonlySignal<Route> = current

/** Begins to follow the address; disposing of it ends that. */
export function followAddress(): Disposable {
  readAddress()
  addEventListener('hashchange', readAddress)
  return { [Symbol.dispose]: () => removeEventListener('hashchange', readAddress) }
}

function readAddress(): void {
  current.value = parseRoute(location.hash)
}

/** Goes there. `replace`: the place left is not one to come back to, as when a new chat gets its name. */
export function navigate(to: Route, { replace = false } = {}): void {
  if (hrefOf(to) === location.hash) return
  if (replace) history.replaceState(null, '', hrefOf(to))
  else location.hash = hrefOf(to)
  // `replaceState` tells nobody, and the event of the other comes a task later than the next render would like.
  current.value = to
}
