import type { Bytes } from '@berth/budget'
import type { RunnerId, RunnerSnapshot, SchedulerEvent } from '@berth/scheduler'
import type { WatchMessage } from '../host/index.js'

/** A model in memory, or on its way there or back. */
export interface Loaded {
  readonly id: RunnerId
  readonly model: string
  readonly state: RunnerSnapshot['state']
  readonly pinned: boolean
  readonly bytes: Bytes
}

/** The models in memory after one more message of the scheduler, in the order in which they came. */
export function follow(loaded: readonly Loaded[], message: WatchMessage): readonly Loaded[] {
  if (message.type === 'snapshot') {
    return message.snapshot.runners.map(({ id, model, state, pinned, totalBytes }) => ({
      id,
      model,
      state,
      pinned,
      bytes: totalBytes,
    }))
  }
  return message.events.reduce(after, loaded)
}

function after(loaded: readonly Loaded[], event: SchedulerEvent): readonly Loaded[] {
  const change = (patch: Partial<Loaded>): readonly Loaded[] =>
    loaded.map((each) => ('runner' in event && each.id === event.runner ? { ...each, ...patch } : each))
  if (event.type === 'measured')
    return change({ bytes: event.bytes.reduce((sum, { bytes }) => sum + bytes, 0) })
  if (event.type === 'pinned') return change({ pinned: event.pinned })
  if (event.type !== 'state') return loaded
  if (event.to === 'idle') return loaded.filter(({ id }) => id !== event.runner)
  if (loaded.some(({ id }) => id === event.runner)) return change({ state: event.to })
  return [
    ...loaded,
    { id: event.runner, model: event.model, state: event.to, pinned: false, bytes: reserved(event) },
  ]
}

function reserved({ placement }: Extract<SchedulerEvent, { type: 'state' }>): Bytes {
  return placement?.bytes.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0
}
