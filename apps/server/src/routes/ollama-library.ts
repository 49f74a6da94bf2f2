import {
  NDJSON_TYPE,
  ndjsonLine,
  OllamaCopyRequest,
  OllamaCreateRequest,
  OllamaDeleteRequest,
  OllamaPullRequest,
} from '@berth/protocol'
import { Hono } from 'hono'
import type { AppContext, AppEnv } from '../app-env.js'
import { RequestError, failureOf } from '../generate/index.js'
import type { LibraryStatus } from '../library/index.js'
import type { RouteDeps } from './deps.js'
import { checkedParameters } from './model-parameters.js'
import { readBody } from './respond.js'

type Work = (report: (status: LibraryStatus) => void, signal: AbortSignal) => Promise<void>

/** Between two lines about the same blob, in milliseconds: progress is for people to look at. */
const LINE_EVERY_MS = 100

/** Ollama's API, as far as it changes what models there are. */
export function ollamaLibraryRoutes(deps: RouteDeps): Hono<AppEnv> {
  const { library } = deps
  const app = new Hono<AppEnv>()

  app.post('/api/pull', async (c) => {
    const { model, insecure = false, stream = true } = await readBody(c, OllamaPullRequest, deps)
    const work: Work = (report, signal) => library.pull(model, insecure, report, signal)
    return await answered(c, deps, stream, work)
  })

  app.post('/api/create', async (c) => {
    const body = await readBody(c, OllamaCreateRequest, deps)
    const { quantize, stream = true, license, parameters, ...rest } = body
    if (quantize) {
      throw new RequestError(
        'not-supported',
        `quantize: Berth does not quantize; make the file with llama.cpp's llama-quantize and upload that, got ${JSON.stringify(quantize)}`,
        'quantize',
      )
    }
    if (!rest.from && rest.files === undefined) {
      throw new RequestError('bad-request', "neither 'from' or 'files' was specified", 'from')
    }
    const order = {
      ...rest,
      licenses: license,
      parameters: parameters === undefined ? undefined : checkedParameters(parameters),
    }
    const work: Work = (report, signal) => library.create(order, report, signal)
    return await answered(c, deps, stream, work)
  })

  app.post('/api/copy', async (c) => {
    const { source, destination } = await readBody(c, OllamaCopyRequest, deps)
    await library.copy(source, destination, c.req.raw.signal)
    return c.body(null, 200)
  })

  app.delete('/api/delete', async (c) => {
    const { model } = await readBody(c, OllamaDeleteRequest, deps)
    await library.delete(model, c.req.raw.signal)
    return c.body(null, 200)
  })

  // Hono answers HEAD by the GET route, which Ollama does not have; one that fits both costs nothing.
  app.get('/api/blobs/:digest', async (c) => {
    const bytes = await library.uploads.bytes(c.req.param('digest'))
    return c.body(null, bytes === undefined ? 404 : 200)
  })

  app.post('/api/blobs/:digest', async (c) => {
    const { body } = c.req.raw
    if (body === null) throw new RequestError('bad-request', 'expected the bytes of a file as the body')
    return c.body(null, (await library.uploads.receive(c.req.param('digest'), body)) ? 201 : 200)
  })

  app.post('/api/push', () => {
    throw new RequestError(
      'not-supported',
      'Berth does not push models: it has no account at a registry to do so with; Ollama, run beside it on the same files, can',
    )
  })

  return app
}

/** One answer at the end, or a line for every step; who leaves in the middle ends the work. */
async function answered(c: AppContext, deps: RouteDeps, stream: boolean, work: Work): Promise<Response> {
  const left = new AbortController()
  const signal = AbortSignal.any([c.req.raw.signal, deps.stopping, left.signal])
  if (!stream) {
    await work(() => undefined, signal)
    return c.json({ status: 'success' })
  }
  const log = c.get('log')
  const utf8 = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const line = (value: object): void => {
        if (!left.signal.aborted) controller.enqueue(utf8.encode(ndjsonLine(value)))
      }
      void (async () => {
        try {
          await work(thinned(line), signal)
        } catch (error) {
          const { message, ours } = failureOf(error)
          if (!signal.aborted) log[ours ? 'error' : 'warn']({ err: error }, `${c.req.path}: ${message}`)
          line({ error: message })
        }
        if (!left.signal.aborted) controller.close()
      })()
    },
    cancel() {
      left.abort()
    },
  })
  return c.body(body, 200, { 'Content-Type': NDJSON_TYPE })
}

/** Leaves out lines that only tell of a few bytes more. */
function thinned(line: (status: LibraryStatus) => void): (status: LibraryStatus) => void {
  let last = { key: '', at: 0 }
  return (status) => {
    const { digest = '', completed, total } = 'digest' in status ? status : {}
    const key = `${status.status} ${digest}`
    const now = performance.now()
    if (key === last.key && completed !== total && now - last.at < LINE_EVERY_MS) return
    last = { key, at: now }
    line(status)
  }
}
