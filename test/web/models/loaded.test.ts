import type { SchedulerEvent, SchedulerEventBody, Snapshot } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { follow, type Loaded } from '../../../apps/web/src/models/loaded.js'

const runner = { runner: 'r1', model: 'tiny', purpose: 'generate' } as const
let seq = 0
function events(...bodies: readonly SchedulerEventBody[]) {
  const numbered = bodies.map((body): SchedulerEvent => {
    seq += 1
    return { seq, at: 0, ...body }
  })
  return { type: 'events', events: numbered } as const
}
const EMPTY: Snapshot = { seq: 0, at: 0, policy: 'fair', devices: [], runners: [], queue: [] }

describe('what is loaded', () => {
  it('follows a model from its load to its end', () => {
    const loading = follow(
      [],
      events({ type: 'state', ...runner, from: 'idle', to: 'loading', why: 'asked for' }),
    )
    expect(loading).toEqual([{ id: 'r1', model: 'tiny', state: 'loading', pinned: false, bytes: 0 }])
    const ready = follow(
      loading,
      events(
        {
          type: 'measured',
          ...runner,
          estimated: [],
          bytes: [
            { device: 'gpu', bytes: 5 },
            { device: 'ram', bytes: 2 },
          ],
        },
        { type: 'state', ...runner, from: 'loading', to: 'ready', why: 'loaded' },
        { type: 'pinned', ...runner, pinned: true },
      ),
    )
    expect(ready).toEqual([{ id: 'r1', model: 'tiny', state: 'ready', pinned: true, bytes: 7 }])
    expect(
      follow(ready, events({ type: 'state', ...runner, from: 'unloading', to: 'idle', why: 'gone' })),
    ).toEqual([])
  })

  it('changes nobody else', () => {
    const other: Loaded = { id: 'r2', model: 'big', state: 'busy', pinned: false, bytes: 9 }
    const after = follow([other], events({ type: 'pinned', ...runner, pinned: true }))
    expect(after).toEqual([other])
  })

  it('begins anew with a snapshot: a new host has other runners', () => {
    const before: Loaded = { id: 'r9', model: 'old', state: 'ready', pinned: false, bytes: 9 }
    expect(follow([before], { type: 'snapshot', snapshot: EMPTY })).toEqual([])
  })
})
