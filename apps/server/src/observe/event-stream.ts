import type { SchedulerEvent, Snapshot } from '@berth/scheduler'
import { sseComment, sseEvent } from '@berth/protocol'
import { measureMachineLoad } from './machine-load.js'

/** The part of the scheduler that can be watched. */
export interface Watched {
  on(listener: (event: SchedulerEvent) => void): Disposable
  snapshot(): Snapshot
}

/** How many events may wait for a slow reader before its stream is ended. */
const MOST_WAITING = 10_000

/** Proxies and browsers take a silent connection for a dead one. */
const HEARTBEAT_MS = 15_000

const utf8 = new TextEncoder()

/**
 * Everything the scheduler does from now on, as server-sent events: a `snapshot` first, then each event by its type.
 * @param refreshMs how often to tell besides what no event does: a `snapshot` anew (the order of the queue, when
 *   each is expected to start, others' use of memory) and how busy the `machine` is; null: never.
 */
export function eventStream(
  scheduler: Watched,
  ending: AbortSignal,
  refreshMs: number | null = null,
): ReadableStream<Uint8Array> {
  let stop: (() => void) | undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string): void => controller.enqueue(utf8.encode(text))
        const sendSnapshot = (): void => {
          const snapshot = scheduler.snapshot()
          send(sseEvent(JSON.stringify(snapshot), 'snapshot', snapshot.seq))
        }
        sendSnapshot()
        if (ending.aborted) return controller.close()
        const listening = scheduler.on((event) => {
          send(sseEvent(JSON.stringify(event), event.type, event.seq))
          if ((controller.desiredSize ?? 0) > -MOST_WAITING) return
          // What it would miss makes the rest worthless: it starts again from a new snapshot.
          end()
        })
        const heartbeat = setInterval(() => send(sseComment('alive')), HEARTBEAT_MS)
        heartbeat.unref()
        const load = measureMachineLoad()
        const refresh =
          refreshMs === null
            ? undefined
            : setInterval(() => {
                // Who is behind with the events is not helped by more to read.
                if ((controller.desiredSize ?? 0) < 0) return
                sendSnapshot()
                send(sseEvent(JSON.stringify(load()), 'machine'))
              }, refreshMs)
        refresh?.unref()
        const end = (): void => {
          stop?.()
          controller.close()
        }
        ending.addEventListener('abort', end)
        stop = () => {
          ending.removeEventListener('abort', end)
          listening[Symbol.dispose]()
          clearInterval(heartbeat)
          clearInterval(refresh)
        }
      },
      cancel() {
        stop?.()
      },
    },
    { highWaterMark: 1 },
  )
}
