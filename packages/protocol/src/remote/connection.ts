import { BackendError, type Clock } from '@berth/scheduler'
import { lateError, networkError, refusalError, shortened } from './remote-errors.js'
import { newAbort, textChunks, type FetchLike, type FetchResponse, type PlatformSignal } from './platform.js'

/** Most characters of an error's body that are read. */
const ERROR_LIMIT = 16_384

/** Most characters of a whole answer: vectors of a batch, a list of models. */
const ANSWER_LIMIT = 256 * 1024 * 1024

export interface ConnectionOptions {
  /** How the server is named in messages. */
  readonly server: string
  /** Without a slash at its end. */
  readonly address: string
  readonly key?: string | undefined
  readonly fetch: FetchLike
  readonly clock: Clock
}

/** Requests to one server, with every failure told as a `BackendError`. */
export class Connection {
  readonly server: string
  readonly #address: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #fetch: FetchLike
  readonly #clock: Clock

  constructor({ server, address, key, fetch, clock }: ConnectionOptions) {
    this.server = server
    this.#address = address
    this.#headers = {
      'Content-Type': 'application/json',
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
    }
    this.#fetch = fetch
    this.#clock = clock
  }

  /**
   * Begins a request; its answer's head is there when it resolves.
   * @param body makes it a POST. @param ofModel whether it names a model, so that 404 is about that.
   * @throws BackendError for any status but success, and where the server cannot be reached.
   */
  async open(
    path: string,
    body: object | undefined,
    signal: PlatformSignal,
    ofModel = body !== undefined,
  ): Promise<FetchResponse> {
    // A browser's fetch is a method of its window or worker, and of nothing else.
    const fetch = this.#fetch
    let response: FetchResponse
    try {
      response = await fetch(this.#address + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: this.#headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
      })
    } catch (error) {
      throw networkError(this.server, `cannot be reached at ${this.#address}`, error)
    }
    const { status } = response
    if (status >= 200 && status < 300) return response
    const refusal = {
      status,
      retryAfter: response.headers.get('retry-after'),
      body: await this.#errorText(response),
      ofModel,
    }
    throw refusalError(this.server, refusal, Date.now())
  }

  /**
   * The JSON of a short answer.
   * @param boundMs for all of it. @param signal ends it sooner.
   */
  async json(
    path: string,
    boundMs: number,
    body?: object,
    signal?: PlatformSignal,
    ofModel?: boolean,
  ): Promise<unknown> {
    const abort = newAbort()
    let late = false
    const timer = this.#clock.at(this.#clock.now() + boundMs, () => {
      late = true
      abort.abort()
    })
    const end = () => abort.abort()
    if (signal?.aborted) end()
    signal?.addEventListener('abort', end)
    try {
      return this.#parsed(await this.#whole(await this.open(path, body, abort.signal, ofModel)))
    } catch (error) {
      if (!late) throw error
      const why = `${this.server} at ${this.#address} did not answer within ${boundMs / 1_000} s`
      throw lateError(why, { cause: error })
    } finally {
      signal?.removeEventListener('abort', end)
      timer[Symbol.dispose]()
    }
  }

  async #whole({ body }: FetchResponse): Promise<string> {
    if (body === null) return ''
    let text = ''
    try {
      for await (const chunk of textChunks(body)) {
        text += chunk
        if (text.length > ANSWER_LIMIT) {
          throw new BackendError('engine', `${this.server} sent more than ${ANSWER_LIMIT} characters`)
        }
      }
    } catch (error) {
      throw networkError(this.server, 'broke off', error)
    }
    return text
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (error) {
      const what = text.trim() === '' ? 'nothing' : JSON.stringify(shortened(text))
      throw new BackendError('engine', `${this.server}: expected JSON, got ${what}`, { cause: error })
    }
  }

  /** As much of it as is of use; a body that breaks off, or never ends, says what it has said. */
  async #errorText({ body }: FetchResponse): Promise<string> {
    let text = ''
    try {
      if (body !== null) {
        for await (const chunk of textChunks(body)) {
          text += chunk
          if (text.length > ERROR_LIMIT) break
        }
      }
    } catch {
      // The status says enough.
    }
    return text
  }
}
