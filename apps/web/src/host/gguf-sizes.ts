import type { Bytes } from '@berth/budget'
import { BackendError } from '@berth/scheduler'
import { get, set } from 'idb-keyval'

const KEY = 'gguf-sizes'

/** What files on servers come to, to the byte: asked once, and remembered, so that a stored model is known without the network. */
export class GgufSizes {
  readonly #sizes: Map<string, Bytes>

  private constructor(sizes: Map<string, Bytes>) {
    this.#sizes = sizes
  }

  static async read(): Promise<GgufSizes> {
    const known = await get<Readonly<Record<string, Bytes>>>(KEY).catch(() => undefined)
    return new GgufSizes(new Map(Object.entries(known ?? {})))
  }

  known(url: string): Bytes | null {
    return this.#sizes.get(url) ?? null
  }

  /**
   * Asks the file's server, unless it is known.
   * @throws BackendError `lost` where it does not answer, `bad-model` where it has no such file or does not tell.
   */
  async ask(url: string, signal?: AbortSignal): Promise<Bytes> {
    const known = this.known(url)
    if (known !== null) return known
    const size = await askSize(url, signal)
    this.#sizes.set(url, size)
    await set(KEY, Object.fromEntries(this.#sizes)).catch(() => undefined)
    return size
  }
}

/** By a range of one byte: hubs answer HEAD for the address that they redirect to with a length of their own. */
async function askSize(url: string, signal: AbortSignal | undefined): Promise<Bytes> {
  let response: Response
  try {
    response = await fetch(url, { headers: { Range: 'bytes=0-0' }, ...(signal ? { signal } : {}) })
  } catch (error) {
    throw new BackendError('lost', `${url}: its server cannot be reached`, { cause: error })
  }
  await response.body?.cancel()
  const passing = response.status === 408 || response.status === 429 || response.status >= 500
  if (!response.ok) {
    throw new BackendError(passing ? 'lost' : 'bad-model', `${url}: its server answers ${response.status}`)
  }
  const [, told] = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? []
  if (told !== undefined) return Number(told)
  // A server of another origin may hide the range; the length of a plain answer it may not.
  const head = await fetch(url, { method: 'HEAD', ...(signal ? { signal } : {}) }).catch(() => null)
  const length = Number(head?.headers.get('content-length') ?? Number.NaN)
  if (Number.isSafeInteger(length) && length > 0) return length
  throw new BackendError('bad-model', `${url}: its server does not say how large the file is`)
}
