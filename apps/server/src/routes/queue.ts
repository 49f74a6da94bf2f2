import type { BerthQueueResponse } from '@berth/protocol'
import { Hono } from 'hono'
import { mayKnow } from '../access/index.js'
import type { AppEnv } from '../app-env.js'
import type { RouteDeps } from './deps.js'

/** Who waits for what, why and for how long yet. Whose the requests are, only those see who may. */
export function queueRoutes({ scheduler }: Pick<RouteDeps, 'scheduler'>): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.get('/api/queue', (c) => {
    const { at, policy, runners, queue } = scheduler.snapshot()
    const now = Date.now()
    const knows = mayKnow(c)
    const clientIn = (client: string) => (knows(client) ? { client } : {})
    // The scheduler's clock counts from a moment of its own.
    const dateOf = (moment: number) => new Date(now + moment - at).toISOString()
    const response: BerthQueueResponse = {
      policy,
      runners: runners
        .filter(({ state }) => state !== 'idle')
        .map(({ model, state, why, pinned, running, spec }) => ({
          model,
          state,
          why,
          pinned,
          running: running.length,
          slots: spec.slots,
          requests: running.map(({ request, class: kind, client, since }) => ({
            request,
            class: kind,
            since: dateOf(since),
            ...clientIn(client),
          })),
        })),
      queue: queue.map(({ request, position, model, class: kind, client, why, since, startsInMs }) => ({
        request,
        position,
        model,
        class: kind,
        why,
        since: dateOf(since),
        expected_start: startsInMs === null ? null : dateOf(at + startsInMs),
        ...clientIn(client),
      })),
    }
    return c.json(response)
  })

  return app
}
