import type { UpstreamConfig } from '../../../apps/server/src/config/index.js'
import type { RemoteKind } from '@berth/protocol'
import type { Server } from 'node:http'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { addressOf, listen } from '../../../apps/server/src/listen.js'
import { harness, type HarnessOptions } from '../http/harness.js'

/** A Berth on a real port, behind the one under test. */
export interface Back {
  readonly url: string
  readonly scheduler: ReturnType<typeof harness>['scheduler']
  readonly requests: ReturnType<typeof harness>['requests']
  /** Cuts every connection and listens no more. */
  stop(): Promise<void>
  /** Listens again, at the same address. */
  start(): Promise<void>
  /** How many jobs run there now. */
  running(): number
}

export async function back(options: HarnessOptions): Promise<Back> {
  const { app, scheduler, requests } = harness(options)
  let server: Server | undefined
  let port = 0
  const start = async (): Promise<void> => {
    const at = { hostname: '127.0.0.1', port }
    server = await listen((request) => app.fetch(request), at)
    port = addressOf(server, at).port
  }
  const stop = async (): Promise<void> => {
    if (!server?.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  await start()
  onTestFinished(stop)
  const running = (): number =>
    scheduler.snapshot().runners.reduce((sum, runner) => sum + runner.running.length, 0)
  return { url: `http://127.0.0.1:${port}`, scheduler, requests, stop, start, running }
}

export function upstream(
  { url }: Pick<Back, 'url'>,
  kind: RemoteKind = 'berth',
  more: Partial<UpstreamConfig> = {},
): UpstreamConfig {
  return { name: 'back', address: url, kind, maxConcurrent: 2, ...more }
}
