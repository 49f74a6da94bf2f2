import type { SchedulerEvent, Snapshot } from '@berth/scheduler'
import type { Watched } from './event-stream.js'

/** A scheduler as somebody may watch it who is not to know every client: the others' names are empty. */
export function discreet(scheduler: Watched, mayKnow: (client: string) => boolean): Watched {
  return {
    on: (listener) => scheduler.on((event) => listener(discreetEvent(event, mayKnow))),
    snapshot: () => discreetSnapshot(scheduler.snapshot(), mayKnow),
  }
}

function discreetEvent(event: SchedulerEvent, mayKnow: (client: string) => boolean): SchedulerEvent {
  return event.type === 'queued' && !mayKnow(event.client) ? { ...event, client: '' } : event
}

function discreetSnapshot(snapshot: Snapshot, mayKnow: (client: string) => boolean): Snapshot {
  const hidden = <Of extends { readonly client: string }>(of: Of): Of =>
    mayKnow(of.client) ? of : { ...of, client: '' }
  return {
    ...snapshot,
    runners: snapshot.runners.map((runner) => ({ ...runner, running: runner.running.map(hidden) })),
    queue: snapshot.queue.map(hidden),
  }
}
