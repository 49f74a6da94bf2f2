import type { SchedulerEvent, SchedulerEventBody } from '@berth/scheduler'
import { expect, it } from 'vitest'
import { followRequests } from '../../../apps/web/src/pwa/open-requests.js'

const of = (request: string) => ({ request, model: 'tiny' })

function events(...bodies: readonly SchedulerEventBody[]) {
  const numbered = bodies.map((body, at): SchedulerEvent => ({ seq: at + 1, at, ...body }))
  return { type: 'events', events: numbered } as const
}

it('an update waits for every request that waits or runs, however it ends', () => {
  const open = new Set<string>(['of an earlier host'])
  followRequests(open, {
    type: 'snapshot',
    snapshot: { seq: 0, at: 0, policy: 'fair', devices: [], runners: [], queue: [] },
  })
  expect([...open]).toEqual([])
  const queued = {
    purpose: 'generate',
    class: 'interactive',
    client: 'tab',
    position: 1,
    waiting: 1,
  } as const
  followRequests(
    open,
    events(...['a', 'b', 'c', 'd'].map((id) => ({ type: 'queued', ...of(id), ...queued }) as const), {
      type: 'running',
      ...of('e'),
      runner: 'r1',
      waitedMs: 0,
      why: 'a slot is free',
    }),
  )
  expect([...open]).toEqual(['a', 'b', 'c', 'd', 'e'])
  followRequests(
    open,
    events(
      { type: 'finished', ...of('a'), runner: 'r1', reason: 'stop', metrics: null },
      { type: 'cancelled', ...of('b'), why: 'the client left' },
      { type: 'refused', ...of('c'), code: 'deadline', why: 'waited too long' },
      { type: 'failed', ...of('d'), runner: 'r1', why: 'the worker died' },
    ),
  )
  expect([...open]).toEqual(['e'])
})
