import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Logger } from 'pino'
import type { KeyHolder } from './access/index.js'

/** What every request carries through the middleware. */
export interface AppEnv {
  /** The socket's side; absent where the app is called in process. */
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    /** Has the request's id in every line. */
    log: Logger
    /** Whose key it is, where keys are asked for. */
    holder: KeyHolder | undefined
  }
}

export type AppContext = Context<AppEnv>

/** The name of the request's API key, else the address it came from. */
export function clientOf(c: AppContext): string {
  return c.get('holder')?.name ?? c.env?.incoming?.socket.remoteAddress ?? 'local'
}
