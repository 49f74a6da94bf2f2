import { signal, type ReadonlySignal } from '@preact/signals'
import type { SchedulerEvent } from '@berth/scheduler'
import type { WatchMessage } from '../../host/index.js'
import type { Activity } from '../model/activity.js'
import { FrameBatch, browserFrames, type Frames } from './frame-batch.js'
import type { Connection, MachineLoad, Source } from './source.js'

/** One source and all that was seen of it, for as long as the page lives: who comes back finds its hour. */
export interface Followed {
  readonly source: Source
  readonly activity: Activity
  /** Changes at most once a frame, when something was folded in. */
  readonly drawn: ReadonlySignal<number>
  readonly connection: ReadonlySignal<Connection | null>
  readonly machine: ReadonlySignal<MachineLoad | null>
}

interface Heard {
  readonly message: WatchMessage
  readonly now: number
}

/** A server tells each event for itself: those of a frame are taken together. */
function joined(heard: readonly Heard[]): readonly Heard[] {
  const all: Heard[] = []
  let events: SchedulerEvent[] | null = null
  for (const each of heard) {
    if (each.message.type === 'snapshot') {
      all.push(each)
      events = null
    } else if (events === null) {
      events = [...each.message.events]
      all.push({ message: { type: 'events', events }, now: each.now })
    } else events.push(...each.message.events)
  }
  return all
}

/** Begins to follow; disposing of it ends that, and keeps what was seen in `activity`. */
export function follow(
  source: Source,
  activity: Activity,
  frames: Frames = browserFrames,
): Followed & Disposable {
  const drawn = signal(0)
  const connection = signal<Connection | null>(null)
  const machine = signal<MachineLoad | null>(null)
  const batch = new FrameBatch<Heard>(frames, (messages) => {
    for (const { message, now } of joined(messages)) activity.take(message, now)
    drawn.value += 1
  })
  const watching = source.watch({
    message: (message) => batch.add({ message, now: Date.now() }),
    connection: (next) => {
      if (next.state !== 'watching') {
        // What came before belongs to what was.
        batch.flush()
        activity.lost()
      }
      connection.value = next
    },
    machine: (load) => {
      machine.value = load
    },
  })
  return {
    source,
    activity,
    drawn,
    connection,
    machine,
    [Symbol.dispose]() {
      watching[Symbol.dispose]()
      batch[Symbol.dispose]()
      activity.lost()
    },
  }
}
