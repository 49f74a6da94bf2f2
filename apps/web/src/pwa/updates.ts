import { signal, type ReadonlySignal } from '@preact/signals'

/** How often a page that stays open asks whether there is a newer one. */
const ASK_MS = 60 * 60_000

const ready = signal(false)

/** Whether a newer page is here and waits to be taken. */
export const updateReady: ReadonlySignal<boolean> = ready

let waiting: ServiceWorker | null = null
let taken = false

/**
 * Registers the service worker, which keeps the page for when there is no network.
 * @param replaced called when another tab took an update: this one still runs the page that was
 */
export async function keepPage(replaced: () => void): Promise<void> {
  const { serviceWorker } = navigator as Partial<Navigator>
  // Absent in private windows of some browsers, and on pages by http from another machine.
  if (serviceWorker === undefined) return
  let controlled = serviceWorker.controller !== null
  serviceWorker.addEventListener('controllerchange', () => {
    // The first one takes over a page that came from the network: the same page.
    if (taken) location.reload()
    else if (controlled) replaced()
    controlled = true
  })
  const registration = await serviceWorker.register('/service-worker.js')
  const look = (worker: ServiceWorker | null): void => {
    if (worker === null) return
    const offer = (): void => {
      // Without a controller it is the first one, and nothing is updated.
      if (worker.state !== 'installed' || serviceWorker.controller === null) return
      waiting = worker
      ready.value = true
    }
    offer()
    worker.addEventListener('statechange', offer)
  }
  look(registration.waiting)
  look(registration.installing)
  registration.addEventListener('updatefound', () => look(registration.installing))
  const ask = (): void => void registration.update().catch(() => undefined) // offline, or the server is gone
  setInterval(ask, ASK_MS)
}

/** Takes the newer page; this one is loaded anew as soon as that runs. */
export function takeUpdate(): void {
  taken = true
  waiting?.postMessage('take-over')
}
