import { browserLocks, isAlone, uniqueName } from '../host/index.js'
import type { Begin, Begun, Epoch, HostClient } from '../host/index.js'
import { standForElection } from './election.js'
import { TabClient } from './tab-client.js'

/** The host of this browser, for the life of this page: found where another tab runs it, else run by this one. */
export function connectHost(): HostClient {
  const locks = browserLocks()
  const space = isAlone(locks) ? `berth-${uniqueName()}` : 'berth'
  const client = new TabClient(locks, space)
  const never = new AbortController().signal
  const life = locks.hold(client.lifeLock, () => {
    client.open()
    // Held until the browser takes it away, with the page.
    return new Promise<void>(() => undefined)
  })
  void life
  void standForElection({
    locks,
    space,
    newEpoch: uniqueName,
    start: (epoch) => startWorker(space, epoch),
    leading: (epoch) => client.leads(epoch),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    signal: never,
  })
  return client
}

function startWorker(space: string, epoch: Epoch): { begun: Promise<void>; stop(): void } {
  const worker = new Worker(new URL('../host/worker.ts', import.meta.url), { type: 'module' })
  const begun = new Promise<void>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<Begun>) => {
      if (data.type === 'begun') resolve()
    })
    // After it has begun this changes nothing: an error in the host is not its end.
    worker.addEventListener('error', ({ message }) => reject(new Error(message || 'the host did not start')))
  })
  worker.postMessage({ type: 'begin', space, epoch } satisfies Begin)
  return { begun, stop: () => worker.terminate() }
}
