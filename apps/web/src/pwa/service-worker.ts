import { cleanupOutdatedCaches, createHandlerBoundToURL, precache, addRoute } from 'workbox-precaching'
import type { PrecacheEntry } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'
import { isPage, isUncachedLibrary } from './routes.js'

declare const self: Omit<ServiceWorkerGlobalScope, '__WB_MANIFEST'> & {
  /** The files of this build (build/pwa.ts); `later`: big, and fetched when first used. */
  readonly __WB_MANIFEST: readonly (PrecacheEntry & { readonly later?: boolean })[]
}

/** Big files of the page: engines. */
const ENGINES = 'berth-engines'
/** Compiled models that WebLLM itself does not keep. */
const LIBRARIES = 'berth-libraries'

// oxlint-disable-next-line no-underscore-dangle -- the name that workbox puts the list in place of
const files = self.__WB_MANIFEST
const later = new Set(files.filter((file) => file.later).map(({ url }) => url))

// Nothing but what is named here is ever answered from a cache: least of all what an API says.
precache(
  files.filter((file) => !file.later).map(({ url, revision }) => ({ url, revision: revision ?? null })),
)
cleanupOutdatedCaches()
addRoute({ cleanURLs: false, directoryIndex: '' })
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html'), { allowlist: [isPage] }))

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && later.has(url.pathname),
  async ({ request, url }) => {
    const cache = await caches.open(ENGINES)
    const kept = await cache.match(url.href)
    if (kept !== undefined) return kept
    const response = await fetch(request)
    // A part of a file is no file.
    if (response.status === 200) await keep(cache, url.href, response)
    return response
  },
)

registerRoute(
  ({ url }) => isUncachedLibrary(url),
  async ({ request, url }) => {
    const cache = await caches.open(LIBRARIES)
    try {
      const response = await fetch(request)
      if (response.status === 200) await keep(cache, url.href, response)
      return response
    } catch (error) {
      // The network first: a library that was built anew has the same address.
      const kept = await cache.match(url.href)
      if (kept !== undefined) return kept
      throw error
    }
  },
)

self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([self.clients.claim(), forgetOldEngines()]))
})

self.addEventListener('message', (event) => {
  // The user has taken the update that the page offered.
  if (event.data === 'take-over') event.waitUntil(self.skipWaiting())
})

/** Keeps a copy, where there is room: a full disk must not cost the answer. */
async function keep(cache: Cache, key: string, response: Response): Promise<void> {
  await cache.put(key, response.clone()).catch(() => undefined)
}

/** Takes the engines of earlier builds away. */
async function forgetOldEngines(): Promise<void> {
  const cache = await caches.open(ENGINES)
  for (const request of await cache.keys()) {
    if (!later.has(new URL(request.url).pathname)) await cache.delete(request)
  }
}
