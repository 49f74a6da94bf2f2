import { createMiddleware } from 'hono/factory'
import type { AppContext, AppEnv } from '../app-env.js'
import { RequestError } from '../generate/index.js'
import type { ApiKeys } from './api-keys.js'
import { hostAllowed } from './host-check.js'
import type { Origins } from './origins.js'

/** Who may call. */
export interface AccessRules {
  /** Whether only this machine is served; then the Host header must be one that no stranger can own. */
  readonly loopback: boolean
  readonly machineName: string
  readonly origins: Origins
  /** Absent: nobody is asked for a key. */
  readonly keys: ApiKeys | undefined
}

/**
 * Clients look at these before they have a key: that a server is there, its version, in `/` one model's name
 * as an example, and what routes there are, which is the same on every server.
 */
const OPEN = new Set(['/', '/api/version', '/openapi.json', '/docs', '/docs/try.js', '/docs/try.css'])

/** Headers that a page may read. */
const EXPOSED = [
  'X-Request-Id',
  'Retry-After',
  ...['Class', 'Client', 'Position', 'Request', 'Rights', 'Waited-Ms'].map((name) => `X-Berth-${name}`),
].join(', ')

/** Lets a request through or throws; the key itself goes nowhere from here. */
export function guard(rules: AccessRules) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const host = c.req.header('host') ?? ''
    if (rules.loopback && !hostAllowed(host, rules.machineName)) {
      throw new RequestError('forbidden', `host ${JSON.stringify(host)} is not allowed`)
    }
    const origin = c.req.header('origin')
    if (origin !== undefined) {
      if (!rules.origins.allows(origin, host)) {
        throw new RequestError(
          'forbidden',
          `origin ${JSON.stringify(origin)} is not allowed; OLLAMA_ORIGINS lists those that are`,
        )
      }
      c.header('Access-Control-Allow-Origin', origin)
      c.header('Vary', 'Origin')
      c.header('Access-Control-Expose-Headers', EXPOSED)
      if (c.req.method === 'OPTIONS') return preflight(c.req.header('access-control-request-headers'))
    }
    if (rules.keys !== undefined && !OPEN.has(c.req.path)) {
      const key = keyOf(c.req.header('authorization'), c.req.header('x-api-key'))
      if (key === undefined) {
        throw new RequestError(
          'unauthenticated',
          'an API key is needed: send the header "Authorization: Bearer KEY"',
        )
      }
      const holder = rules.keys.holder(key)
      if (holder === undefined) throw new RequestError('unauthenticated', 'the API key is not known')
      c.set('holder', holder)
      c.set('log', c.get('log').child({ key: holder.name }))
    }
    await next()
    return undefined

    function preflight(asked: string | undefined): Response {
      c.header('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
      // Clients bring headers of their own, version numbers for instance; nothing here depends on them.
      c.header('Access-Control-Allow-Headers', asked ?? 'Authorization, Content-Type')
      c.header('Access-Control-Max-Age', '43200')
      return c.body(null, 204)
    }
  })
}

/** Whether whoever calls may do what changes the server: with API keys, an admin's holder may. */
export function mayAdminister(c: AppContext): boolean {
  const holder = c.get('holder')
  return holder === undefined || holder.role === 'admin'
}

/** Lets only admin keys through, where keys are asked for at all. */
export function adminOnly(keys: ApiKeys | undefined) {
  return createMiddleware<AppEnv>(async (c, next) => {
    if (keys !== undefined && c.get('holder')?.role !== 'admin') {
      throw new RequestError('forbidden', 'this needs an admin key')
    }
    await next()
  })
}

/** `Authorization: Bearer KEY` as OpenAI's clients send it, or `x-api-key` as Anthropic's do. */
function keyOf(authorization: string | undefined, apiKey: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1] ?? (apiKey?.trim() || undefined)
}
