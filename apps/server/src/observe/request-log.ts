import { randomUUID } from 'node:crypto'
import { createMiddleware } from 'hono/factory'
import type { Logger } from 'pino'
import type { AppEnv } from '../app-env.js'

/** What is counted of every HTTP request. */
export type CountRequest = (request: {
  readonly method: string
  /** The route's pattern, not the path: paths are without end. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}) => void

/** Gives every request an id, for its answer's header and for each line of the log, and logs its end. */
export function requestLog(log: Logger, count: CountRequest) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedAt = performance.now()
    const requestId = randomUUID()
    const requestLogger = log.child({ requestId })
    c.set('requestId', requestId)
    c.set('log', requestLogger)
    c.header('X-Request-Id', requestId)
    const { method, path } = c.req
    await next()
    const { status } = c.res
    const route = c.req.routePath

    const end = (sent: boolean): void => {
      const ms = performance.now() - startedAt
      count({ method, route, status, seconds: ms / 1000 })
      const line = { method, path, status, ms: Math.round(ms), ...(sent ? {} : { clientLeft: true }) }
      const level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info'
      c.get('log')[level](line, `${method} ${path} ${status}${sent ? '' : ', the client went away'}`)
    }
    const outgoing = c.env?.outgoing
    if (outgoing === undefined) end(true)
    // A client that left before there was an answer: its close has been told already.
    else if (outgoing.destroyed) end(outgoing.writableFinished)
    else outgoing.once('close', () => end(outgoing.writableFinished))
  })
}
