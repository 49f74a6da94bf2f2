import { sseEvents, type ServerSentEvent } from '@berth/protocol'
import type { SchedulerEvent, Snapshot } from '@berth/scheduler'
import { ALL_RIGHTS, type Connection, type MachineLoad, type Rights, type Source } from './source.js'
import type { SourceListener } from './source.js'

/** How long to wait before the next try, by the number of those that failed. */
const BACKOFF_MS = [500, 1_000, 2_000, 5_000, 10_000, 20_000] as const

/** A server says something this often at least (a snapshot each two seconds, else a sign of life). */
const SILENCE_MS = 40_000

const SNAPSHOTS = 2

/** Longer ones are of no server of ours; a snapshot of ten thousand requests has a few million. Characters. */
const LONGEST_EVENT = 64_000_000

export interface ServerOptions {
  readonly name: string
  /** Without a slash at its end. */
  readonly address: string
  readonly key: string | null
}

/** The scheduler of a Berth server, by its stream of events. */
export function serverSource({ name, address, key }: ServerOptions): Source {
  const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` }
  const post = async (path: string, body: object): Promise<void> => {
    const response = await fetch(`${address}${path}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(await whyNot(response))
  }
  return {
    id: address,
    name,
    watch: (listener) => {
      const ending = new AbortController()
      void follow(`${address}/api/events?snapshots=${SNAPSHOTS}`, headers, listener, ending.signal)
      return { [Symbol.dispose]: () => ending.abort() }
    },
    actions: {
      pin: (model, pinned) => post('/api/berth/pin', { model, pinned }),
      unload: (model) => post('/api/berth/unload', { model }),
      cancel: (id) => post(pathOf(id, 'cancel'), {}),
      reclass: (id, to) => post(pathOf(id, 'class'), { class: to }),
    },
  }
}

const pathOf = (id: string, what: string): string => `/api/berth/requests/${encodeURIComponent(id)}/${what}`

/** Reads the stream, again and again, until the signal says so. Never rejects. */
async function follow(
  url: string,
  headers: Readonly<Record<string, string>>,
  listener: SourceListener,
  signal: AbortSignal,
): Promise<void> {
  let rights = ALL_RIGHTS
  let lostAt: number | null = null
  let failed = 0
  const tell = (state: Connection['state'], why: string | null, since = Date.now()): void => {
    if (!signal.aborted) listener.connection({ state, why, since, rights })
  }
  tell('connecting', null)
  while (!signal.aborted) {
    let why = 'the server has ended the connection'
    let watching = false
    using silence = new Silence(SILENCE_MS)
    try {
      const response = await fetch(url, { headers, signal: AbortSignal.any([signal, silence.signal]) })
      if (response.status === 401 || response.status === 403) {
        // Not to be mended by trying again: the key is the user's affair.
        tell('denied', await whyDenied(response, 'authorization' in headers))
        return
      }
      if (!response.ok || response.body === null) throw new Error(await whyNot(response))
      rights = rightsOf(response.headers)
      for await (const event of sseEvents(
        textOf(response.body, () => silence.broken()),
        LONGEST_EVENT,
      )) {
        hear(event, listener)
        if (watching) continue
        watching = true
        failed = 0
        lostAt = null
        tell('watching', null)
      }
    } catch (error) {
      why = error instanceof Error ? error.message : String(error)
    }
    lostAt ??= Date.now()
    tell('lost', why, lostAt)
    await pause(BACKOFF_MS[Math.min(failed, BACKOFF_MS.length - 1)] ?? 0, signal)
    failed += 1
  }
}

function hear({ event, data }: ServerSentEvent, listener: SourceListener): void {
  const value: unknown = JSON.parse(data)
  // A server is believed: what it says is shown as text, and nothing is done by it.
  /* oxlint-disable typescript/no-unsafe-type-assertion */
  if (event === 'snapshot') listener.message({ type: 'snapshot', snapshot: value as Snapshot })
  else if (event === 'machine') listener.machine(value as MachineLoad)
  else listener.message({ type: 'events', events: [value as SchedulerEvent] })
  /* oxlint-enable typescript/no-unsafe-type-assertion */
}

function rightsOf(headers: Headers): Rights {
  const client = headers.get('x-berth-client')
  // A server that does not tell has no keys to tell apart, or will say itself what may not be done.
  if (headers.get('x-berth-rights') !== 'user' || client === null) return ALL_RIGHTS
  return { admin: false, client: decodeURIComponent(client) }
}

/** What a server says of a request that it does not do. */
async function whyNot(response: Response): Promise<string> {
  const text = await response.text()
  try {
    const { error }: { error?: unknown } = JSON.parse(text)
    if (typeof error === 'string') return error
    if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  } catch {
    // No JSON: something else than a Berth server may stand in between.
  }
  return `the server answers ${response.status} ${response.statusText}`.trim()
}

async function whyDenied(response: Response, withKey: boolean): Promise<string> {
  if (response.status === 403) return await whyNot(response)
  return withKey ? 'it does not know the key that is kept here' : 'it wants an API key'
}

/** A body's text as it comes. */
async function* textOf(body: ReadableStream<Uint8Array>, arrived: () => void): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      arrived()
      yield decoder.decode(value, { stream: true })
    }
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}

/** Aborts when nothing has come for so long: a connection of which nobody has told that it is gone. */
class Silence implements Disposable {
  readonly #after: number
  readonly #abort = new AbortController()
  #timer: ReturnType<typeof setTimeout>

  constructor(after: number) {
    this.#after = after
    this.#timer = this.#start()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  broken(): void {
    clearTimeout(this.#timer)
    this.#timer = this.#start()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  #start(): ReturnType<typeof setTimeout> {
    return setTimeout(
      () => this.#abort.abort(new Error('nothing has been heard of the server for too long')),
      this.#after,
    )
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    // Somebody has found the network again: there is no reason to wait any longer.
    addEventListener('online', done)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      removeEventListener('online', done)
      resolve()
    }
  })
}
