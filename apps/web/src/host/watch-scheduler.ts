import type { Clock, Scheduler, SchedulerEvent } from '@berth/scheduler'
import type { WatchMessage } from './contract.js'

const FRAME_MS = 16

/** A snapshot at once, then every event after it, a batch a frame. */
export function watchScheduler(
  scheduler: Scheduler,
  clock: Clock,
  listener: (message: WatchMessage) => void,
): Disposable {
  let events: SchedulerEvent[] = []
  let timer: Disposable | null = null
  const flush = (): void => {
    timer = null
    const batch = events
    events = []
    listener({ type: 'events', events: batch })
  }
  const listening = scheduler.on((event) => {
    events.push(event)
    timer ??= clock.at(clock.now() + FRAME_MS, flush)
  })
  listener({ type: 'snapshot', snapshot: scheduler.snapshot() })
  return {
    [Symbol.dispose]() {
      listening[Symbol.dispose]()
      timer?.[Symbol.dispose]()
    },
  }
}
