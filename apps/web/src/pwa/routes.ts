/** Matches the path and query of the page itself. Pages of the server's APIs that somebody opens are not it. */
export const isPage = /^\/(?:index\.html)?(?:\?.*)?$/

/**
 * Whether it is a model's compiled library that WebLLM fetches anew each time: it keeps libraries in its own
 * cache, but for those whose address says "localhost".
 */
export function isUncachedLibrary(url: URL): boolean {
  return (
    url.href.includes('localhost') && url.pathname.endsWith('.wasm') && !url.pathname.startsWith('/assets/')
  )
}
