import type { GgufSource } from './gguf-source.js'

/** The part of the platform's `fetch` that ranges take. */
export type RangeFetch = (
  url: string,
  init: { readonly headers: Readonly<Record<string, string>> },
) => Promise<RangeResponse>

interface RangeResponse {
  readonly ok: boolean
  readonly status: number
  readonly statusText: string
  readonly headers: { get(name: string): string | null }
  readonly body: { cancel(): Promise<void> } | null
  arrayBuffer(): Promise<ArrayBuffer>
}

/**
 * A file on a server that answers range requests. Where the server keeps the range's header to itself, as one of
 * another origin may, the file's size is not known.
 * @throws Error whose message says what is wrong: no answer, a status, no ranges.
 */
export async function httpSource(url: string, fetch: RangeFetch): Promise<GgufSource> {
  const get = async (start: number, end: number): Promise<RangeResponse> => {
    const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } }).catch(
      (error: unknown) => {
        throw new Error('the server cannot be reached', { cause: error })
      },
    )
    if (response.ok || response.status === 416) return response
    await response.body?.cancel()
    throw new Error(`the server answers ${response.status} ${response.statusText}`.trimEnd())
  }
  const first = await get(0, 1)
  await first.body?.cancel()
  if (first.status !== 206) throw new Error('the server does not send parts of a file (no range requests)')
  const total = Number(first.headers.get('content-range')?.split('/')[1])
  const size = Number.isSafeInteger(total) ? total : undefined
  return {
    size,
    read: async (start, end) => {
      if (size !== undefined && start >= size) return new Uint8Array(0)
      const response = await get(start, end)
      return response.status === 206 ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array(0)
    },
  }
}
