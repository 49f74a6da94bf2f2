/**
 * How much a client wants something by one of HTTP's `Accept` headers, from 0 (not at all) to 1.
 * @param ranges the names to look for, the most particular first: `text/html`, `text/*`; the first that is named counts
 */
export function quality(header: string | undefined, ranges: readonly string[]): number {
  const wishes = new Map(
    (header ?? '').split(',').map((part) => {
      const [name, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
      const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return [name ?? '', q === undefined ? 1 : Number(q) || 0]
    }),
  )
  for (const range of ranges) {
    const wish = wishes.get(range)
    if (wish !== undefined) return wish
  }
  return 0
}

/** Whether it is a browser that opens a page: it names HTML, which no client of an API does (they send `*` for all). */
export function wantsPage(accept: string | undefined): boolean {
  return quality(accept, ['text/html']) > 0
}
