import type { BerthQueueResponse } from '@berth/protocol'
import { Hono } from 'hono'
import type { AppEnv } from '../app-env.js'
import type { RouteDeps } from './deps.js'

/** Who waits for what, and why. Whose the requests are is left out: everybody may look. */
export function queueRoutes({ scheduler }: Pick<RouteDeps, 'scheduler'>): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get('/api/queue', (c) => {
    const { at, runners, queue } = scheduler.snapshot()
    const now = Date.now()
    const response: BerthQueueResponse = {
      runners: runners
        .filter(({ state }) => state !== 'idle')
        .map(({ model, state, why, pinned, running, spec }) => ({
          model,
          state,
          why,
          pinned,
          running: running.length,
          slots: spec.slots,
        })),
      queue: queue.map(({ position, model, class: kind, why, since }) => ({
        position,
        model,
        class: kind,
        why,
        // The scheduler's clock counts from a moment of its own.
        since: new Date(now - (at - since)).toISOString(),
      })),
    }
    return c.json(response)
  })

  return app
}
