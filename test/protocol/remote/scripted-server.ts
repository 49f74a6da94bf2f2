import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { RemoteBackend, type RemoteOptions } from '@berth/protocol'
import type { Clock, GenerateJob, Job, LoadSpec, Piece, Purpose, Run, RunEnd } from '@berth/scheduler'
import { Abort, BackendError } from '@berth/scheduler'
import { place } from '@berth/budget'
import { onTestFinished } from 'vitest'

/** A request as it came. */
export interface Asked {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>> | undefined
  readonly key: string | undefined
  readonly response: ServerResponse
  /** Whether whoever asked has gone. */
  gone: boolean
}

type Answer = (asked: Asked) => void

/** An object is sent as it is. */
const answerOf = (answer: Answer | object): Answer => (isAnswer(answer) ? answer : sendJson(answer))

const isAnswer = (answer: Answer | object): answer is Answer => typeof answer === 'function'

/** A server on a real port that answers as it is told to, and remembers what it was asked. */
export interface ScriptedServer {
  readonly url: string
  readonly asked: readonly Asked[]
  /** What was asked of a path. */
  of(path: string): readonly Asked[]
  /** From now on a path is answered so. */
  on(path: string, answer: Answer | object): void
  /** Cuts every connection and listens no more. */
  stop(): Promise<void>
  /** Listens again, at the same address. */
  start(): Promise<void>
}

export async function scriptedServer(
  paths: Readonly<Record<string, Answer | object>> = {},
): Promise<ScriptedServer> {
  const answers = new Map(Object.entries(paths))
  const asked: Asked[] = []
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const path = request.url ?? ''
    const body: Asked['body'] = text === '' ? undefined : JSON.parse(text)
    const one: Asked = { path, body, key: request.headers.authorization, response, gone: false }
    response.on('close', () => {
      one.gone = !response.writableFinished
    })
    asked.push(one)
    const answer = answers.get(path)
    if (answer === undefined) refuse(404, { error: `no ${path}` })(one)
    else answerOf(answer)(one)
  }
  const server = createServer((request, response) => void take(request, response))
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }
  const stop = async () => {
    server.closeAllConnections()
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    await closed
  }
  const port = await listen(0)
  onTestFinished(stop)
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    of: (path) => asked.filter((one) => one.path === path),
    on: (path, answer) => void answers.set(path, answer),
    stop,
    start: async () => void (await listen(port)),
  }
}

// Answers

const sendJson =
  (value: unknown, status = 200): Answer =>
  ({ response }) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))

export const refuse =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  ({ response }) =>
    void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))

/** Never answers. */
export const silence: Answer = () => undefined

/** One answer after the other, the last for ever. */
export function inTurn(...all: readonly (Answer | object)[]): Answer {
  let count = 0
  return (asked) => {
    const answer = all[Math.min(count, all.length - 1)]
    count += 1
    if (answer !== undefined) answerOf(answer)(asked)
  }
}

/** A stream of these texts, which then ends, is cut, or stays open. */
export const stream =
  (texts: readonly string[], then: 'end' | 'cut' | 'open' = 'end'): Answer =>
  ({ response }) => {
    response.writeHead(200)
    response.write(texts.join(''), () => {
      if (then === 'end') response.end()
      if (then === 'cut') response.destroy()
    })
  }

export const lines = (...values: readonly unknown[]): readonly string[] =>
  values.map((value) => `${JSON.stringify(value)}\n`)

export const events = (...values: readonly unknown[]): readonly string[] =>
  [...values.map((value) => JSON.stringify(value)), '[DONE]'].map((data) => `data: ${data}\n\n`)

/** Servers that have one model, `small`, by either family. */
export const NATIVE: Readonly<Record<string, object>> = {
  '/api/version': { version: '1' },
  '/api/tags': { models: [{ name: 'small', digest: 'd1', size: 10 }] },
  '/api/ps': { models: [] },
  '/api/show': { capabilities: ['completion'], model_info: {} },
}
export const OPENAI: Readonly<Record<string, object>> = { '/v1/models': { data: [{ id: 'small' }] } }

// Backends and jobs

const realClock: Clock = {
  now: () => performance.now(),
  at: (at, run) => {
    const timer = setTimeout(run, Math.max(0, at - performance.now()))
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

export function backendOf(url: string, options: Partial<RemoteOptions> = {}): RemoteBackend {
  const backend = new RemoteBackend({
    name: 'quay',
    address: url,
    kind: 'ollama',
    maxConcurrent: 2,
    fetch,
    clock: realClock,
    ...options,
  })
  onTestFinished(() => backend[Symbol.dispose]())
  return backend
}

export async function specOf(
  backend: RemoteBackend,
  model: string,
  purpose: Purpose = 'generate',
  slots = 2,
): Promise<LoadSpec> {
  const settings = { contextLength: 4096, slots, kvType: 'f16' } as const
  const verdict = place(await backend.profile(model), settings, [])
  if (!verdict.fits) throw new Error(verdict.reason)
  return {
    model,
    revision: 'd1',
    purpose,
    adapters: [],
    placement: verdict.placement,
    threads: 1,
    ...settings,
  }
}

export async function runnerOf(
  backend: RemoteBackend,
  model = 'small',
  purpose: Purpose = 'generate',
  slots = 2,
) {
  const runner = await backend.load(
    await specOf(backend, model, purpose, slots),
    () => undefined,
    new Abort(),
  )
  onTestFinished(async () => await runner.stop('now'))
  return runner
}

export function chat(text: string, more: Partial<GenerateJob> = {}): GenerateJob {
  return {
    kind: 'generate',
    prompt: { kind: 'messages', messages: [{ role: 'user', content: text }] },
    sampling: {},
    stop: [],
    overflow: { prompt: 'truncate', answer: 'stop' },
    ...more,
  }
}

export interface Outcome {
  readonly pieces: readonly Piece[]
  readonly end: RunEnd
  /** What reading ended with. */
  readonly error: BackendError | null
}

/** All that becomes of a run. */
export async function outcomeOf(run: Run): Promise<Outcome> {
  const pieces: Piece[] = []
  let error: BackendError | null = null
  try {
    for await (const piece of run.pieces) pieces.push(piece)
  } catch (thrown) {
    if (!(thrown instanceof BackendError)) throw thrown
    error = thrown
  }
  return { pieces, error, end: await run.slotFree }
}

/** The same, of a job on a server that has the model `small`. */
export async function answerTo(backend: RemoteBackend, job: Job): Promise<Outcome> {
  const runner = await runnerOf(backend, 'small', job.kind === 'embed' ? 'embed' : 'generate')
  return await outcomeOf(runner.start(job))
}
