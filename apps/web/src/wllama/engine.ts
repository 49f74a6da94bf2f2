import type { Bytes } from '@berth/budget'
import { BackendError, deferred } from '@berth/scheduler'
import { Wllama, WllamaRuntimeError, type LoadModelParams } from '@wllama/wllama/esm/index.js'
import wasm from '@wllama/wllama/esm/wasm/wllama.wasm?url'
import { EngineLog, type Log } from './engine-log.js'

/** What the engine knows of the model once it is loaded. */
export interface LoadedModel {
  /** Whether it begins, and ends, every text with a token of its own accord. */
  readonly addsBegin: boolean
  readonly addsEnd: boolean
  /** Tokens with which the model says that it is done. */
  readonly ends: ReadonlySet<number>
  readonly threads: number
}

/** One answer of the engine about a request: a JSON value, or none yet. */
export interface Polled {
  readonly more: boolean
  readonly error: boolean
  readonly value: unknown
  /** There was a result, but it is lost: wllama cannot say bytes that are no UTF-8. */
  readonly garbled: boolean
}

/**
 * wllama with a model: a worker of its own (with threads of its own, where the page is cross-origin isolated),
 * in which llama.cpp's server core computes. Its methods `createCompletion` and so on would each ask for their
 * results in a loop of their own; here one loop asks for all requests (`Turns`), so the calls below are made
 * by hand through wllama's proxy of the worker.
 *
 * Calls run one at a time. A C++ exception in one makes wllama fail all that are under way (it reads an answer
 * from address 0, and takes the failure for a crash); so there is only ever one.
 */
export class Engine {
  readonly model: LoadedModel
  readonly allocated: Bytes | null
  /** Resolves with the reason when the worker is gone: closed, or crashed. */
  readonly gone: Promise<string>
  readonly #wllama: Wllama
  readonly #log: EngineLog
  readonly #end: (reason: string) => void
  #last: Promise<unknown> = Promise.resolve()
  /** Ends the call that is under way, which nobody answers once the worker is gone. */
  #giveUp: ((error: BackendError) => void) | null = null
  #closed = false

  private constructor(wllama: Wllama, log: EngineLog, gone: Promise<string>, end: (reason: string) => void) {
    const { add_bos_token, add_eos_token, list_tokens_eog } = wllama.getLoadedContextInfo()
    this.model = {
      addsBegin: add_bos_token,
      addsEnd: add_eos_token,
      ends: new Set(list_tokens_eog),
      threads: wllama.getNumThreads(),
    }
    this.allocated = log.allocated
    this.#wllama = wllama
    this.#log = log
    this.gone = gone
    this.#end = end
    void gone.then((reason) => this.#giveUp?.(new BackendError('lost', reason)))
  }

  /**
   * @param stop resolves when the load is to be given up.
   * @param mostMemory where the worker's WebAssembly memory ends.
   * @throws BackendError when the worker is gone: `bad-model`, `out-of-memory`, `lost`, or `aborted`.
   */
  static async load(
    blobs: readonly Blob[],
    params: LoadModelParams,
    stop: Promise<unknown>,
    log: Log,
    mostMemory: Bytes,
  ): Promise<Engine> {
    const said = new EngineLog(log)
    const gone = deferred<string>()
    const end = (reason: string): void => gone.resolve(reason)
    const wllama = new Wllama({ default: wasm }, { logger: loggerOf(said, end) })
    // Else browsers without its newer features would be sent to a CDN for another build.
    wllama.setCompat(null)
    limitMemory(wllama, mostMemory)
    const loading = wllama.loadModel([...blobs], params)
    const outcome = await Promise.race([
      loading.then(
        () => (hasLoaded(wllama) ? null : loadError(new Error('the engine gave it up'), said)),
        (error: unknown) => loadError(error, said),
      ),
      gone.promise.then((reason) => new BackendError('lost', reason)),
      stop.then(() => new BackendError('aborted', 'The load was cancelled')),
    ])
    if (outcome === null) return new Engine(wllama, said, gone.promise, end)
    // What was still under way never settles once its worker is gone.
    void loading.catch(() => undefined)
    await wllama.exit()
    throw outcome
  }

  /**
   * Hands in a request in the JSON of llama.cpp's server.
   * @returns its number, for `poll` and `cancel`.
   * @throws BackendError `bad-job` for what makes no sense to the engine, `lost` when the worker is gone.
   */
  async submit(kind: 'completion' | 'embedding', body: object): Promise<number> {
    const request = { data_json: JSON.stringify(body), files: [] }
    const { req_id } =
      kind === 'completion'
        ? await this.#call('completion', { _name: 'cmpl_req', is_chat: false, ...request })
        : await this.#call('embedding', { _name: 'embd_req', ...request })
    return Number(req_id)
  }

  /** Computes one step, of all requests, and gives the next result of this one. */
  async poll(request: number): Promise<Polled> {
    try {
      const { has_more, is_error, data_json } = await this.#call('get_result', {
        _name: 'gres_req',
        req_id: request,
      })
      const value: unknown = typeof data_json === 'string' && data_json !== '' ? JSON.parse(data_json) : null
      return { more: has_more === true, error: is_error === true, value, garbled: false }
    } catch (error) {
      const garbled = error instanceof BackendError && error.message.includes('invalid UTF-8')
      if (!garbled) throw error
      return { more: true, error: false, value: null, garbled: true }
    }
  }

  /** Frees the request's slot; nothing happens to one that is over. */
  async cancel(request: number): Promise<void> {
    await this.#call('cancel', { _name: 'cncl_req', req_id: request })
  }

  /** Has the engine abort, as its own failed assertions do. */
  async crash(): Promise<void> {
    await this.#call('no such action', { _name: 'cncl_req', req_id: 0 })
  }

  /** Ends the worker and its threads, whatever they are doing; their memory goes with them. */
  async close(reason = 'closed'): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#wllama.exit()
    this.#end(reason)
  }

  #call(action: string, message: object): Promise<Readonly<Record<string, unknown>>> {
    const call = this.#last.then(() => this.#callNow(action, message))
    this.#last = call.catch(() => undefined)
    return call
  }

  async #callNow(action: string, message: object): Promise<Readonly<Record<string, unknown>>> {
    if (this.#closed) throw new BackendError('lost', 'The model was unloaded')
    this.#log.complaints()
    try {
      return await new Promise((resolve, reject) => {
        this.#giveUp = reject
        // wllama has no public way to poll, and does not export the types of its messages.
        const answer = this.#wllama['proxy'].wllamaAction(action, message)
        answer.then((fields: object) => resolve({ ...fields }), reject)
      })
    } catch (error) {
      if (error instanceof BackendError) throw error
      const why = messageOf(error)
      if (REFUSAL.test(why)) {
        throw new BackendError('bad-job', `The engine refuses: ${this.#log.complaints() || why}`)
      }
      const reason = `the engine crashed: ${[why, this.#log.complaints()].filter(Boolean).join('; ')}`
      await this.close(reason)
      throw new BackendError('lost', reason, { cause: error })
    } finally {
      this.#giveUp = null
    }
  }
}

/** What becomes of a C++ exception (see above): the "length" of an answer at address 0 is a message's first bytes. */
const REFUSAL = /typed array length|out-of-bounds Uint8Array|Invalid magic number/

const text = (words: readonly unknown[]): string =>
  words.map((word) => (typeof word === 'string' ? word : messageOf(word))).join(' ')

/** wllama tells a worker's own failure only through its logger. */
function loggerOf(
  said: EngineLog,
  end: (reason: string) => void,
): Record<'debug' | 'log' | 'warn' | 'error', (...words: unknown[]) => void> {
  return {
    debug: (...words) => said.take('debug', text(words)),
    log: (...words) => said.take('debug', text(words)),
    warn: (...words) => said.take('warn', text(words)),
    error: (...words) => {
      const [first] = words
      if (first instanceof Event) end(`the engine's worker failed: ${messageOf(first)}`)
      else said.take('error', text(words))
    },
  }
}

const PAGE: Bytes = 65_536
/** What the program asks for at least, as it was built. */
const LEAST_PAGES = 2_048

/**
 * Gives the program a memory that ends at the budget's word. llama.cpp's server core keeps copies of the KV caches
 * of earlier prompts, up to 8 GiB, and wllama has no setting for it; where memory ends, it throws some away. The
 * memory can only be handed in from within the worker: by a line before its program.
 */
function limitMemory(wllama: Wllama, most: Bytes): void {
  const pages = Math.max(LEAST_PAGES, Math.ceil(most / PAGE))
  // The program's threads run the same text, and are given their memory.
  const line =
    'if (typeof RUN_OPTIONS !== "undefined") Module.wasmMemory = new WebAssembly.Memory(' +
    `{ initial: ${LEAST_PAGES}n, maximum: ${pages}n, shared: true, address: "i64" });\n`
  let proxy = wllama['proxy']
  Object.defineProperty(wllama, 'proxy', {
    get: () => proxy,
    set: (made: typeof proxy) => {
      proxy = made
      // It is null again once it is closed, whatever its type says.
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- see above
      if (made === null) return
      const program = made.getModuleCode.bind(made)
      made.getModuleCode = async () => line + (await program())
    },
  })
}

/** wllama takes any answer to a load for a model. */
function hasLoaded(wllama: Wllama): boolean {
  const info: object = wllama.getLoadedContextInfo()
  return 'success' in info && info.success === true
}

function loadError(error: unknown, said: EngineLog): BackendError {
  const why = messageOf(error)
  const complaints = said.complaints()
  const message = [complaints || null, why].filter((part) => part !== null).join('; ')
  if (/out of memory|cannot enlarge memory|bad_alloc|failed to allocate|allocation failed/i.test(message)) {
    return new BackendError('out-of-memory', `The model does not fit into WebAssembly's memory: ${message}`)
  }
  const crashed = error instanceof WllamaRuntimeError && complaints === ''
  return new BackendError(
    'bad-model',
    crashed ? `The engine crashed over the model: ${message}` : `The model cannot be loaded: ${message}`,
    { cause: error },
  )
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  if (error instanceof ErrorEvent) return error.message
  if (error instanceof Event) return error.type
  return String(error)
}
