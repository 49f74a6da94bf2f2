import type { BerthProcessResponse, BerthRunnerResponse } from '@berth/protocol'
import { Hono } from 'hono'
import { mayKnow } from '../access/index.js'
import type { AppEnv } from '../app-env.js'
import { RequestError, storedModel } from '../generate/index.js'
import { discreet, logPlace } from '../observe/index.js'
import { OfModel, PinRequest, PreloadRequest } from './admin-requests.js'
import type { RouteDeps } from './deps.js'
import { readBody, whileClientStays } from './respond.js'

/** What changes how models are served; Ollama's API has no words for it. Behind admin keys, where there are keys. */
export function adminRoutes(deps: RouteDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get('/api/berth/snapshot', (c) => c.json(discreet(deps.scheduler, mayKnow(c)).snapshot()))

  /** What a recorder of traces cannot see from outside. */
  app.get('/api/berth/runners/:id', (c) => {
    const id = c.req.param('id')
    const facts = deps.scheduler.facts(id)
    if (facts === null)
      throw new RequestError('unknown-route', `runner ${JSON.stringify(id)}: no such runner`)
    return c.json({ runner: id, ...facts } satisfies BerthRunnerResponse)
  })

  app.get('/api/berth/process', (c) => {
    const response: BerthProcessResponse = { pid: process.pid, version: deps.version, log: logPlace() }
    return c.json(response)
  })

  /** Keeps a model in memory, from its next load on if it is not loaded; `pinned: false` takes that back. */
  app.post('/api/berth/pin', async (c) => {
    const { model, pinned } = await readBody(c, PinRequest, deps)
    const { name } = await storedModel(deps.models, model)
    deps.scheduler.pin(name, pinned)
    return c.json({ model: name, pinned })
  })

  app.get('/api/berth/pin', (c) => c.json({ pinned: deps.scheduler.pins }))

  /** Loads models in the background, in this order; what becomes of them is told by the same path's GET. */
  app.post('/api/berth/preload', async (c) => {
    const { models } = await readBody(c, PreloadRequest, deps)
    void deps.preloads.add(models)
    return c.json({ preload: deps.preloads.list }, 202)
  })

  app.get('/api/berth/preload', (c) => c.json({ preload: deps.preloads.list }))

  /** Answers when the model is gone from memory, pinned or not; running requests are finished first. */
  app.post('/api/berth/unload', async (c) => {
    const { model } = await readBody(c, OfModel, deps)
    const { name } = await storedModel(deps.models, model)
    await whileClientStays(c, deps.scheduler.unload(name, { evenPinned: true }))
    return c.json({ model: name, loaded: false })
  })

  return app
}
