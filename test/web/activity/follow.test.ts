import { effect } from '@preact/signals'
import { describe, expect, it } from 'vitest'
import { Activity } from '../../../apps/web/src/activity/model/activity.js'
import { MOST_WAITING, type Frames } from '../../../apps/web/src/activity/source/frame-batch.js'
import { follow } from '../../../apps/web/src/activity/source/follow.js'
import { ALL_RIGHTS, type Source, type SourceListener } from '../../../apps/web/src/activity/source/source.js'
import { BusyScheduler } from './busy-scheduler.js'

/** Frames that come when the test says so. */
class ManualFrames implements Frames {
  readonly #waiting = new Map<number, () => void>()
  #made = 0

  request(callback: () => void): number {
    this.#made += 1
    this.#waiting.set(this.#made, callback)
    return this.#made
  }

  cancel(handle: number): void {
    this.#waiting.delete(handle)
  }

  get waiting(): number {
    return this.#waiting.size
  }

  draw(): void {
    const due = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const callback of due) callback()
  }
}

const nothing = () => Promise.resolve()

function setUp() {
  const scheduler = new BusyScheduler(50)
  const frames = new ManualFrames()
  const listeners: SourceListener[] = []
  const source: Source = {
    id: 'test',
    name: 'Test',
    watch: (listener) => {
      listeners.push(listener)
      return { [Symbol.dispose]: () => void listeners.splice(0) }
    },
    actions: { pin: nothing, unload: nothing, cancel: nothing, reclass: nothing },
  }
  const followed = follow(source, new Activity(), frames)
  const tell = (count: number): void => {
    for (const event of scheduler.events(count, 1_000))
      listeners[0]?.message({ type: 'events', events: [event] })
  }
  listeners[0]?.message({ type: 'snapshot', snapshot: scheduler.snapshot(0) })
  frames.draw()
  let drawings = -1
  effect(() => {
    void followed.drawn.value
    drawings += 1
  })
  return { frames, followed, listeners, tell, drawings: () => drawings }
}

describe('following a source', () => {
  it('draws once a frame, however many events come in it', () => {
    const { frames, followed, tell, drawings } = setUp()
    tell(1_000)
    expect(frames.waiting).toBe(1)
    expect(drawings()).toBe(0)
    frames.draw()
    expect(drawings()).toBe(1)
    const busy = [...followed.activity.runners.values()].filter(({ state }) => state === 'busy')
    expect(busy).toHaveLength(50)
    frames.draw()
    expect(drawings(), 'nothing has come since').toBe(1)
    tell(3)
    frames.draw()
    expect(drawings()).toBe(2)
  })

  it('keeps no more than its bound where no frame comes, as in a hidden page', () => {
    const { frames, tell, drawings } = setUp()
    tell(MOST_WAITING * 3 + 5)
    expect(drawings()).toBe(3)
    frames.draw()
    expect(drawings()).toBe(4)
  })

  it('takes a lost connection for a gap, and nothing more after its end', () => {
    const { frames, followed, listeners, tell } = setUp()
    const [listener] = listeners
    listener?.connection({ state: 'lost', why: 'gone', since: 5, rights: ALL_RIGHTS })
    expect(followed.connection.value?.since).toBe(5)
    const { version } = followed.activity
    tell(10)
    frames.draw()
    expect(followed.activity.version, 'events after a gap say nothing').toBe(version)
    followed[Symbol.dispose]()
    expect(listeners).toEqual([])
    expect(frames.waiting).toBe(0)
  })
})
