import {
  asBackendError,
  BackendError,
  type Clock,
  type EmbedJob,
  type Job,
  type Metrics,
} from '@berth/scheduler'
import type { Connection } from './connection.js'
import type { AnswerEnd, AnswerReader, Dialect, Exchange } from './dialect.js'
import { pause } from './pause.js'
import type { Permits } from './permits.js'
import { textChunks, type FetchResponse } from './platform.js'
import { brokenOff, networkError } from './remote-errors.js'
import type { RemoteTimeouts, RunOutlet } from './remote-run.js'

/** Where a backend does its work. */
export interface Workplace {
  readonly connection: Connection
  readonly dialect: Dialect
  readonly permits: Permits
  readonly clock: Clock
  readonly timeouts: RemoteTimeouts
}

/** Inputs of one embedding request: an answer of more would be long in coming, and large. */
const INPUTS_AT_ONCE = 256

/** How long a server may take to end an answer that is whole. */
const DRAIN_MS = 1_000

/** Between tries of a job at a server that is busy and does not say for how long. */
const BUSY_FIRST_MS = 500
const BUSY_LAST_MS = 8_000

/** Does a job at the server, once it is its turn. @throws BackendError */
export async function work(at: Workplace, model: string, job: Job, to: RunOutlet): Promise<AnswerEnd> {
  if (job.kind === 'embed') {
    using _ = await at.permits.take(to.signal)
    return await embed(at, model, job, to)
  }
  // What the family has no words for is refused before anybody waits.
  const exchange = at.dialect.generate(model, job)
  using _ = await at.permits.take(to.signal)
  return await generate(at, exchange, to)
}

async function generate(at: Workplace, exchange: Exchange, to: RunOutlet): Promise<AnswerEnd> {
  const { connection } = at
  const response = await whileBusy(at, to, () => connection.open(exchange.path, exchange.body, to.signal))
  const frames = framesOf(response, exchange.reader, to)
  await read(connection.server, frames, exchange.reader, to)
  const { end } = exchange.reader
  if (end === null) throw brokenOff(connection.server)
  void drain(frames, at.clock, to)
  return end
}

function framesOf({ body }: FetchResponse, reader: AnswerReader, to: RunOutlet): AsyncIterator<string> {
  const text = body === null ? nothing() : textChunks(body, () => to.alive())
  return reader.frames(text)[Symbol.asyncIterator]()
}

// oxlint-disable-next-line require-yield
async function* nothing(): AsyncGenerator<string, void, void> {}

/** Reads until nothing more of use comes. */
async function read(
  server: string,
  frames: AsyncIterator<string>,
  reader: AnswerReader,
  to: RunOutlet,
): Promise<void> {
  try {
    while (!reader.over) {
      const { done, value } = await frames.next()
      if (done) return
      // Empty lines keep a connection open, and say nothing.
      if (value.trim() === '') continue
      for (const piece of reader.take(server, value)) to.push(piece)
    }
  } catch (error) {
    to.letGo()
    if (error instanceof RangeError) {
      throw new BackendError('engine', `${server} sent ${error.message}`, { cause: error })
    }
    throw networkError(server, 'broke off in the middle of an answer', error)
  }
}

/** Lets the server end a whole answer by itself, so that the connection can be used again; one that does not is cut. */
async function drain(frames: AsyncIterator<string>, clock: Clock, to: RunOutlet): Promise<void> {
  using _ = clock.at(clock.now() + DRAIN_MS, () => to.letGo())
  try {
    while (!(await frames.next()).done);
  } catch {
    // The answer is whole already.
  }
}

async function embed(at: Workplace, model: string, job: EmbedJob, to: RunOutlet): Promise<AnswerEnd> {
  const { connection, dialect } = at
  let tokens: number | null = 0
  for (let start = 0; start < job.inputs.length; start += INPUTS_AT_ONCE) {
    const inputs = job.inputs.slice(start, start + INPUTS_AT_ONCE)
    const { path, body } = dialect.embed(model, job, inputs)
    const answer = await whileBusy(at, to, () =>
      connection.json(path, at.timeouts.silenceMs, body, to.signal),
    )
    const { vectors, tokens: told } = dialect.vectors(connection.server, answer)
    if (vectors.length !== inputs.length) {
      const got = `${vectors.length} vectors for ${inputs.length} inputs`
      throw new BackendError('engine', `${connection.server} gave ${got}`)
    }
    vectors.forEach((vector, index) =>
      to.push({ type: 'embedding', index: start + index, vector, tokens: 1 }),
    )
    tokens = tokens === null || told === null ? null : tokens + told
  }
  const figures: Partial<Metrics> = tokens === null ? {} : { promptTokens: tokens }
  return { reason: 'stop', figures }
}

/** Asks, and asks again while the server says that it is busy, but not for ever: nothing was begun there. */
async function whileBusy<T>(at: Workplace, to: RunOutlet, ask: () => Promise<T>): Promise<T> {
  const { clock, timeouts } = at
  const until = clock.now() + timeouts.busyMs
  for (let wait = BUSY_FIRST_MS; ; wait = Math.min(2 * wait, BUSY_LAST_MS)) {
    try {
      to.asked()
      return await ask()
    } catch (error) {
      const failure = asBackendError(error)
      const ms = failure.retryAfterMs ?? wait
      if (failure.code !== 'busy' || clock.now() + ms > until) throw failure
      to.waits()
      await pause(clock, ms, to.signal)
    }
  }
}
