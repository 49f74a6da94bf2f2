import {
  OllamaCopyRequest,
  OllamaCreateRequest,
  OllamaDeleteRequest,
  OllamaPullRequest,
} from '@berth/protocol'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'
import { RequestError } from '../generate/index.js'
import { createOrder } from './create-order.js'
import type { RouteDeps } from './deps.js'
import { progressLines, type Work } from './progress-lines.js'
import { readBody } from './respond.js'

/** Ollama's API, as far as it changes what models there are. */
export function ollamaLibraryRoutes(deps: RouteDeps): Hono<AppEnv> {
  const { library } = deps
  const app = new Hono<AppEnv>()

  app.post('/api/pull', async (c) => {
    const { model, insecure = false, stream = true } = await readBody(c, OllamaPullRequest, deps)
    const work: Work = (report, signal) => library.pull(model, insecure, report, signal)
    return await progressLines(c, deps, stream, work)
  })

  app.post('/api/create', async (c) => {
    const body = await readBody(c, OllamaCreateRequest, deps)
    const order = createOrder(body)
    const work: Work = (report, signal) => library.create(order, report, signal)
    return await progressLines(c, deps, body.stream ?? true, work)
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

  // Hono answers HEAD by the GET route; there is none in Ollama, which gives no file away.
  app.get('/api/blobs/:digest', async (c) => {
    if (c.req.method === 'GET') {
      c.header('Allow', 'HEAD, POST')
      throw new RequestError('wrong-method', `${c.req.path} takes HEAD, POST, not GET`)
    }
    const bytes = await library.uploads.bytes(c.req.param('digest'))
    return c.body(null, bytes === undefined ? 404 : 200)
  })

  app.post('/api/blobs/:digest', async (c) => {
    const { body } = c.req.raw
    if (body === null) throw new RequestError('bad-request', 'expected the bytes of a file as the body')
    return c.body(null, (await library.uploads.receive(c.req.param('digest'), body)) ? 201 : 200)
  })

  app.post('/api/push', async (c) => {
    await readBody(c, OllamaPullRequest, deps)
    throw new RequestError(
      'not-supported',
      'Berth does not push models: it has no account at a registry to do so with; Ollama, run beside it on the same files, can',
    )
  })

  return app
}
