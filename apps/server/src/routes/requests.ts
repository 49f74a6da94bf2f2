import { Hono } from 'hono'
import { isMoreUrgent, mayAdminister } from '../access/index.js'
import { clientOf, type AppContext, type AppEnv } from '../app-env.js'
import { RequestError } from '../generate/index.js'
import { ClassRequest } from './admin-requests.js'
import type { RouteDeps } from './deps.js'
import { readBody } from './respond.js'

/**
 * What is done to single requests that wait or run. A user's key may end and lower its own; where there are keys,
 * only an administrator's raises any, or touches others'.
 */
export function requestRoutes(deps: RouteDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.post('/api/berth/requests/:id/cancel', (c) => {
    const { id, client } = requestOf(c, deps)
    // Everybody may read why: no names.
    deps.scheduler.cancel(id, client === clientOf(c) ? 'cancelled by its client' : 'cancelled by hand')
    return c.json({ request: id, cancelled: true })
  })

  app.post('/api/berth/requests/:id/class', async (c) => {
    const { class: to } = await readBody(c, ClassRequest, deps)
    const { id, class: from } = requestOf(c, deps)
    if (isMoreUrgent(to, from) && !mayAdminister(c)) {
      throw new RequestError(
        'forbidden',
        `class: raising a request from ${from} to ${to} needs an admin key`,
        'class',
      )
    }
    deps.scheduler.reclass(id, to, `${isMoreUrgent(to, from) ? 'raised' : 'lowered'} by hand`)
    return c.json({ request: id, class: to })
  })

  return app
}

/** The request that the path names. @throws RequestError 404, for others' requests too: who may not touch them learns nothing of them. */
function requestOf(c: AppContext, { scheduler }: RouteDeps) {
  const id = c.req.param('id') ?? ''
  const request = scheduler.request(id)
  if (request !== null && (mayAdminister(c) || request.client === clientOf(c))) return request
  throw new RequestError(
    'unknown-request',
    `request ${JSON.stringify(id)} not found: it is over, or it was never there (/api/queue has those that wait)`,
  )
}
