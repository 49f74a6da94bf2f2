import type { Clock, Scheduler, SchedulerEvent } from '@berth/scheduler'
import type { WatchMessage } from './contract.js'

const FRAME_MS = 16

/** How often what no event tells (the order of the queue, when each is expected to start) is told anew, while something happens. */
const REFRESH_MS = 2_000

/** A snapshot at once, then every event after it, a batch a frame, and a snapshot now and then. */
export function watchScheduler(
  scheduler: Scheduler,
  clock: Clock,
  listener: (message: WatchMessage) => void,
): Disposable {
  let events: SchedulerEvent[] = []
  let timer: Disposable | null = null
  let quiet = true
  const flush = (): void => {
    timer?.[Symbol.dispose]()
    timer = null
    const batch = events
    events = []
    if (batch.length > 0) listener({ type: 'events', events: batch })
  }
  const again = (): Disposable => clock.at(clock.now() + REFRESH_MS, refresh)
  const refresh = (): void => {
    refreshing = again()
    const snapshot = scheduler.snapshot()
    if (quiet && snapshot.queue.length === 0) return
    quiet = true
    flush()
    listener({ type: 'snapshot', snapshot })
  }
  const listening = scheduler.on((event) => {
    events.push(event)
    quiet = false
    timer ??= clock.at(clock.now() + FRAME_MS, flush)
  })
  listener({ type: 'snapshot', snapshot: scheduler.snapshot() })
  let refreshing = again()
  return {
    [Symbol.dispose]() {
      listening[Symbol.dispose]()
      refreshing[Symbol.dispose]()
      // What happened up to now is part of what was watched.
      flush()
    },
  }
}
