import { browserLocks } from './locks.js'
import { Host } from './host.js'
import { ServerKeys } from './server-keys.js'
import { TabSessions } from './tab-sessions.js'
import { workerClock } from './worker-clock.js'
import { names } from './wire.js'
import type { Begin, Begun } from './wire.js'

declare const self: DedicatedWorkerGlobalScope

/** The host's worker. Holds both its locks for life: the engines' first, so that the host before it is gone by then. */
self.addEventListener('message', ({ data }: MessageEvent<Begin>) => {
  const { space, epoch } = data
  const locks = browserLocks()
  const clock = workerClock()
  const keys = new ServerKeys(location.origin, fetch.bind(self))
  self.fetch = keys.fetch
  const forLife = new Promise<void>(() => undefined)
  void locks.hold(names(space).engines, () =>
    locks.hold(names(space).life(epoch), async () => {
      const desk = await Host.open(clock, keys)
      new TabSessions({ desk, space, epoch, locks, clock }).open()
      self.postMessage({ type: 'begun' } satisfies Begun)
      await forLife
    }),
  )
})
