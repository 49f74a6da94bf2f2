import {
  errorCode,
  MEDIA_TYPE,
  parseManifest,
  shortName,
  StoreError,
  type Layer,
  type Manifest,
  type ModelName,
} from '../models/index.js'
import { Patience } from './patience.js'
import { tokenChallenge, tokenIn, tokenUrl } from './registry-token.js'
import { retried, TransientError, type RetryBounds } from './retry.js'

/** How long a registry is waited for, in milliseconds. */
export interface RegistryBounds extends RetryBounds {
  /** An answer that has not begun after so long will not come: the machine is offline, or the host is. */
  readonly answerMs: number
  /** A download that brings nothing for so long has died. */
  readonly stallMs: number
}

const BOUNDS: RegistryBounds = { answerMs: 6_000, stallMs: 30_000, tries: 6, firstDelayMs: 1_000 }

/** Bytes of a blob, from `from` up to, not including, `to`. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** OpenSSL's word for an answer that is not TLS. */
const NO_TLS = 'ERR_SSL_WRONG_VERSION_NUMBER'

/** The host sends a blob only as a whole. */
export class NoRangesError extends Error {
  override readonly name = 'NoRangesError'
}

/** Speaks the registry protocol of Ollama, which model hubs speak too. */
export class RegistryClient {
  readonly #origin: (host: string) => string
  readonly #bounds: RegistryBounds
  /** By the address at which it was asked for. */
  readonly #tokens = new Map<string, string>()

  /** @param origin where a host is reached; HTTPS under its own name if left out. */
  constructor(
    origin: (host: string) => string = (host) => `https://${host}`,
    bounds: Partial<RegistryBounds> = {},
  ) {
    this.#origin = origin
    this.#bounds = { ...BOUNDS, ...bounds }
  }

  /** The same client, for a registry that has no TLS. */
  insecure(): RegistryClient {
    return new RegistryClient((host) => this.#origin(host).replace(/^https:/, 'http:'), this.#bounds)
  }

  /** How often, and after how long, what failed is tried again. */
  get retries(): RetryBounds {
    return this.#bounds
  }

  /**
   * @param name as the registry knows it.
   * @throws StoreError `unknown-model` where the registry says so; `source-failed` where it cannot be reached or talks nonsense.
   */
  async manifest(name: ModelName, signal?: AbortSignal): Promise<Manifest> {
    const url = `${this.#url(name)}/manifests/${name.tag}`
    const text = await retried(this.#bounds, signal, async () => {
      using patience = new Patience(signal)
      const response = await this.#get(url, patience, { accept: MEDIA_TYPE.manifest }).catch(unlessHopeless)
      if (response.status === 404) {
        // The words before the colon are Ollama's; clients match on them.
        const why = `${name.host} has no model ${shortName(name)}`
        throw new StoreError('unknown-model', `pull model manifest: file does not exist: ${why}`)
      }
      if (!response.ok) throw refused(name.host, url, response)
      return await orFailed(name.host, patience, () => response.text())
    })
    try {
      return parseManifest(text)
    } catch (error) {
      throw new StoreError('source-failed', `${name.host} sent no manifest: ${reasonOf(error)}`, {
        cause: error,
      })
    }
  }

  /**
   * The bytes of a blob, or of a part of it, as they come; once, without another try.
   * @throws StoreError `source-failed` for what will not get better; TransientError for what may; NoRangesError.
   */
  async *blob(
    name: ModelName,
    layer: Layer,
    range: ByteRange | null,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    const url = `${this.#url(name)}/blobs/${layer.digest.replace('-', ':')}`
    using patience = new Patience(signal)
    const headers: Record<string, string> =
      range === null ? {} : { range: `bytes=${range.from}-${range.to - 1}` }
    const response = await this.#get(url, patience, headers)
    if (!response.ok || response.body === null) throw refused(name.host, url, response)
    if (range !== null && response.status !== 206) {
      await response.body.cancel()
      throw new NoRangesError(`${name.host} sends no parts of ${layer.digest}`)
    }
    const reader = response.body.getReader()
    try {
      for (;;) {
        patience.wait(this.#bounds.stallMs)
        const { done, value } = await orFailed(name.host, patience, () => reader.read())
        if (done) return
        yield value
      }
    } finally {
      // Leaving early closes the connection; what it says to that is of no interest.
      reader.cancel().catch(() => undefined)
    }
  }

  #url(name: ModelName): string {
    return `${this.#origin(name.host)}/v2/${name.namespace}/${name.model}`
  }

  /** Asks, with a token where the registry wants one. */
  async #get(url: string, patience: Patience, headers: Readonly<Record<string, string>>): Promise<Response> {
    const { host } = new URL(url)
    const base = url.slice(0, url.lastIndexOf('/', url.lastIndexOf('/') - 1))
    const ask = async (): Promise<Response> => {
      const token = this.#tokens.get(base)
      patience.wait(this.#bounds.answerMs)
      const authorization: Record<string, string> =
        token === undefined ? {} : { authorization: `Bearer ${token}` }
      const init = { headers: { ...headers, ...authorization }, signal: patience.signal }
      const response = await orFailed(host, patience, () => fetch(url, init))
      patience.wait(this.#bounds.stallMs)
      return response
    }
    const first = await ask()
    const challenge = first.status === 401 ? tokenChallenge(first.headers.get('www-authenticate')) : null
    if (challenge === null) return first
    await first.body?.cancel()
    const answer = await orFailed(host, patience, () =>
      fetch(tokenUrl(challenge), { signal: patience.signal }),
    )
    const token = answer.ok ? tokenIn(await answer.json().catch(() => null)) : null
    if (token === null) {
      throw new StoreError('source-failed', `${host} gives no token to read ${new URL(url).pathname}`)
    }
    this.#tokens.set(base, token)
    return await ask()
  }
}

function refused(host: string, url: string, response: Response): Error {
  const message = `${host} answered ${response.status} to ${url}`
  void response.body?.cancel()
  if (response.status !== 429 && response.status < 500) return new StoreError('source-failed', message)
  const seconds = Number(response.headers.get('retry-after'))
  return new TransientError(message, Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined)
}

/** What the network throws may be gone at the next try, but for the caller's own wish to stop. */
async function orFailed<T>(host: string, patience: Patience, work: () => Promise<T>): Promise<T> {
  try {
    return await patience.orEnd(work())
  } catch (error) {
    if (patience.callerGone) throw error
    throw new TransientError(`${host} cannot be reached: ${patience.reason ?? reasonOf(error)}`, undefined, {
      cause: error,
    })
  }
}

/** Nobody there, or nobody who speaks TLS: at the beginning of a pull, another try would only keep somebody waiting. */
const HOPELESS: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ENETUNREACH',
  'EHOSTUNREACH',
  NO_TLS,
])

/** @throws StoreError for what is not to be tried again; what it was given else. */
function unlessHopeless(error: unknown): never {
  if (error instanceof TransientError && HOPELESS.has(codeOf(error.cause))) {
    throw new StoreError('source-failed', error.message, { cause: error })
  }
  throw error
}

/** The code that the network, or OpenSSL, has for it; empty where there is none. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return codeOf(error.cause) || errorCode(error) || ''
}

/** `fetch` says "fetch failed" and hides why in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (codeOf(error) === NO_TLS) return 'it does not speak TLS; "insecure" asks it without'
  return error.cause instanceof Error ? error.cause.message : error.message
}
