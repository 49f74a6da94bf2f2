import { Hono } from 'hono'
import type { Logger } from 'pino'
import { adminOnly, guard, type AccessRules } from './access/index.js'
import type { AppEnv } from './app-env.js'
import { RequestError } from './generate/index.js'
import { requestLog } from './observe/index.js'
import {
  adminRoutes,
  anthropicRoutes,
  docsRoutes,
  errorResponse,
  healthRoutes,
  ollamaLibraryRoutes,
  ollamaModelRoutes,
  ollamaRoutes,
  openAiResponseRoutes,
  openAiRoutes,
  queueRoutes,
  requestRoutes,
  type RouteDeps,
} from './routes/index.js'
import { webPage, type PageFolder } from './web/index.js'
import { ggufRoutes, webModelRoutes, type WebModels } from './web-models/index.js'

export interface AppParts extends RouteDeps {
  readonly access: AccessRules
  readonly log: Logger
  /** Models that browsers run; absent: none are offered. */
  readonly webModels?: WebModels
  /** The page for browsers; absent: there is none. */
  readonly page?: PageFolder
}

/** What changes the server or what models there are; with API keys, only an admin's may. */
const ADMIN_PATHS = [
  '/api/berth/*',
  '/api/pull',
  '/api/create',
  '/api/copy',
  '/api/delete',
  '/api/push',
  '/api/blobs/*',
]

/** The whole HTTP side, without a socket. */
export function createApp(parts: AppParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.use(requestLog(parts.log, parts.metrics.countRequest))
  if (parts.page !== undefined) app.use(webPage(parts.page))
  app.use(guard(parts.access))
  // Before what is an administrator's alone: a user's key may end and lower its own requests.
  app.route('/', requestRoutes(parts))
  for (const path of ADMIN_PATHS) app.use(path, adminOnly(parts.access.keys))

  app.route('/', healthRoutes(parts))
  app.route('/', docsRoutes(parts))
  app.route('/', ollamaRoutes(parts))
  app.route('/', ollamaModelRoutes(parts))
  app.route('/', queueRoutes(parts))
  app.route('/', ollamaLibraryRoutes(parts))
  app.route('/', openAiRoutes(parts))
  app.route('/', openAiResponseRoutes(parts))
  app.route('/', anthropicRoutes(parts))
  app.route('/', adminRoutes(parts))
  app.route('/', ggufRoutes(parts.models))
  if (parts.webModels !== undefined) app.route('/', webModelRoutes(parts.webModels))

  const methods = methodsByPath(app)
  app.notFound((c) => {
    const allowed = methods.get(c.req.path)
    if (allowed === undefined) {
      const bare = c.req.path.replace(/\/+$/, '')
      // As Ollama does it: a body is sent again only after a 307.
      if (bare !== c.req.path && methods.has(bare))
        return c.redirect(bare, c.req.method === 'GET' ? 301 : 307)
      return errorResponse(c, new RequestError('unknown-route', `${c.req.path}: no such path`))
    }
    c.header('Allow', allowed.join(', '))
    return errorResponse(
      c,
      new RequestError('wrong-method', `${c.req.path} takes ${allowed.join(', ')}, not ${c.req.method}`),
    )
  })
  app.onError((error, c) => errorResponse(c, error))
  return app
}

/** The methods of every path without parameters, so that a wrong method is told from a wrong path. */
function methodsByPath(app: Hono<AppEnv>): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, string[]>()
  for (const { path, method } of app.routes) {
    if (method === 'ALL' || path.includes(':')) continue
    const more = method === 'GET' ? ['GET', 'HEAD'] : [method]
    methods.set(path, [...(methods.get(path) ?? []), ...more])
  }
  return methods
}
