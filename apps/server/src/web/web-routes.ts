import { readFile } from 'node:fs/promises'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { AppEnv } from '../app-env.js'
import { quality, wantsPage } from './accepts.js'
import type { PageFile, PageFiles, PageFolder } from './page-folder.js'

const NOT_BUILT = `Berth is running, but its page is not built.

In the folder of its sources, npm run build builds it, and npm start does so by itself.
The APIs are there: see /api/tags and /v1/models.
`

/**
 * Sends the page to browsers, and lets everything else through: who does not ask for HTML gets from `/` what
 * clients of Ollama look for there. To stand before the guard, since who has no key yet must see the page to
 * type one in; it is the same for everybody and holds nothing of anybody's.
 */
export function webPage(folder: PageFolder) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const { method, path } = c.req
    if (method !== 'GET' && method !== 'HEAD') return await next()
    const found = folder.find(path)
    if (path === '/') {
      // Caches must not give one the other's answer.
      c.header('Vary', 'Accept', { append: true })
      if (!wantsPage(c.req.header('accept'))) return await next()
      if (found === null) return c.text(NOT_BUILT, 503)
    }
    if (found === null) return await next()
    try {
      return await send(c, found.file, found.headers)
    } catch (error) {
      // A new build has just taken it away.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return await next()
      throw error
    }
  })
}

async function send(c: Context<AppEnv>, file: PageFile, headers: PageFiles['headers']): Promise<Response> {
  const known = matches(c.req.header('if-none-match'), file.etag)
  const wanted = c.req.header('accept-encoding')
  const best = file.encoded.find(({ encoding }) => quality(wanted, [encoding, '*']) > 0)
  const bytes = known ? null : new Uint8Array(await readFile(best?.path ?? file.path))
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  c.header('ETag', file.etag)
  // What is not named by its content is asked for again each time; mostly nothing is sent then.
  c.header('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (file.encoded.length > 0) c.header('Vary', 'Accept-Encoding', { append: true })
  if (bytes === null) return c.body(null, 304)
  c.header('Content-Type', file.type)
  if (best !== undefined) c.header('Content-Encoding', best.encoding)
  return c.body(bytes)
}

function matches(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((each) => each.trim() === etag || each.trim() === '*')
}
