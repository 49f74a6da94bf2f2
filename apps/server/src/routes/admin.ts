import type { BerthProcessResponse } from '@berth/protocol'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'
import { storedModel } from '../generate/index.js'
import { logPlace } from '../observe/index.js'
import { OfModel, PinRequest } from './admin-requests.js'
import type { RouteDeps } from './deps.js'
import { readBody, whileClientStays } from './respond.js'

/** What changes how models are served; Ollama's API has no words for it. Behind admin keys, where there are keys. */
export function adminRoutes(deps: RouteDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get('/api/berth/snapshot', (c) => c.json(deps.scheduler.snapshot()))

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

  /** Answers when the model is gone from memory, pinned or not; running requests are finished first. */
  app.post('/api/berth/unload', async (c) => {
    const { model } = await readBody(c, OfModel, deps)
    const { name } = await storedModel(deps.models, model)
    await whileClientStays(c, deps.scheduler.unload(name, { evenPinned: true }))
    return c.json({ model: name, loaded: false })
  })

  return app
}
