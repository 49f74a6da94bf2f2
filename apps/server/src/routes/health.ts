import { SSE_TYPE, type OllamaStatusResponse, type OllamaVersionResponse } from '@berth/protocol'
import { Hono } from 'hono'
import { mayAdminister, mayKnow } from '../access/index.js'
import { clientOf, type AppEnv } from '../app-env.js'
import { RequestError } from '../generate/index.js'
import { discreet, eventStream } from '../observe/index.js'
import type { RouteDeps } from './deps.js'

/** The Ollama whose API this is: some clients refuse to talk to one that is too old for them. */
const OLLAMA_VERSION = '0.33.0'

/** Whether the server lives, and what goes on in it. */
export function healthRoutes(deps: RouteDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  // HEAD is served by the same handlers: Hono leaves the body out.
  app.get('/', async (c) => c.text(await welcome(deps, new URL(c.req.url).origin)))
  app.get('/api/version', (c) =>
    c.json({ version: OLLAMA_VERSION, berth: deps.version } satisfies OllamaVersionResponse),
  )
  app.get('/api/status', (c) =>
    c.json({ cloud: { disabled: true, source: 'none' } } satisfies OllamaStatusResponse),
  )
  for (const path of ['/api/me', '/api/signout']) {
    app.post(path, () => {
      throw new RequestError('not-supported', 'Berth has no accounts, and pushes no models to a registry')
    })
  }
  app.get('/metrics', async (c) =>
    c.body(await deps.metrics.text(), 200, { 'Content-Type': deps.metrics.contentType }),
  )
  app.get('/api/events', (c) =>
    c.body(
      eventStream(discreet(deps.scheduler, mayKnow(c)), deps.stopping, refreshOf(c.req.query('snapshots'))),
      200,
      {
        'Content-Type': SSE_TYPE,
        'Cache-Control': 'no-cache',
        // What a page may offer to do.
        'X-Berth-Rights': mayAdminister(c) ? 'admin' : 'user',
        'X-Berth-Client': encodeURIComponent(clientOf(c)),
      },
    ),
  )
  return app
}

/** Milliseconds between snapshots; null where none but the first is asked for. @throws RequestError */
function refreshOf(seconds: string | undefined): number | null {
  if (seconds === undefined) return null
  if (!/^\d+$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > 3_600)
    throw new RequestError(
      'bad-request',
      `snapshots: expected whole seconds from 1 to 3600, got ${JSON.stringify(seconds)}`,
      'snapshots',
    )
  return Number(seconds) * 1_000
}

/** For somebody who opens the address in a browser or with curl. */
async function welcome({ models, firstModel }: RouteDeps, origin: string): Promise<string> {
  const [model] = await models.list()
  const head = 'Berth is running\n\n'
  if (model === undefined) return `${head}${firstModel()}\n`
  return `${head}Talk to a model:

  curl ${origin}/api/chat -d '{"model": "${model.name}", "messages": [{"role": "user", "content": "Hello!"}]}'

Models: ${origin}/api/tags   Loaded: ${origin}/api/ps   What goes on: ${origin}/api/events   Metrics: ${origin}/metrics
Clients of Ollama use ${origin}, clients of OpenAI use ${origin}/v1
`
}
