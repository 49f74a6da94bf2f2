import type { WatchMessage } from '../host/index.js'

/** Keeps the set of requests that wait or run. */
export function followRequests(open: Set<string>, message: WatchMessage): void {
  if (message.type === 'snapshot') {
    open.clear()
    for (const { request } of message.snapshot.queue) open.add(request)
    for (const { running } of message.snapshot.runners) for (const { request } of running) open.add(request)
    return
  }
  for (const event of message.events) {
    if (event.type === 'queued' || event.type === 'running') open.add(event.request)
    else if (
      event.type === 'finished' ||
      event.type === 'failed' ||
      event.type === 'refused' ||
      event.type === 'cancelled'
    )
      open.delete(event.request)
  }
}
