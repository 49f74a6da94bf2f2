import { Hono } from 'hono'
import type { AppEnv } from '../../app-env.js'
import { RequestError } from '../../generate/index.js'
import type { RouteDeps } from '../deps.js'
import { openApi } from './open-api.js'
import page from './page/page.html?raw'
// The linter reads the script; what comes of it here is its text.
// oxlint-disable-next-line import/default
import script from './page/try.js?raw'
import style from './page/try.css?raw'

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const FILES: Readonly<Record<string, { readonly text: string; readonly type: string }>> = {
  'try.js': { text: script, type: 'text/javascript; charset=utf-8' },
  'try.css': { text: style, type: 'text/css; charset=utf-8' },
}

/** The description of all routes, and a page to try them at. Nothing in them is anybody's. */
export function docsRoutes({ version }: Pick<RouteDeps, 'version'>): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  app.get('/openapi.json', (c) => c.json(openApi(version)))
  app.get('/docs', (c) =>
    c.body(page, 200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': POLICY }),
  )
  app.get('/docs/:file', (c) => {
    const file = FILES[c.req.param('file')]
    if (file === undefined) throw new RequestError('unknown-route', `${c.req.path}: no such file`)
    return c.body(file.text, 200, { 'Content-Type': file.type, 'X-Content-Type-Options': 'nosniff' })
  })
  return app
}
