import { ManualClock } from '@berth/scheduler/testing'
import { expect, it } from 'vitest'
import { Outbox } from '../../../apps/web/src/host/outbox.js'
import type { Batch } from '../../../apps/web/src/host/outbox.js'

function text(words: string) {
  return { type: 'pieces', pieces: [{ type: 'text', text: words, tokens: 1 }] } as const
}

it('what comes within a frame goes together, with text joined and order kept', async () => {
  const clock = new ManualClock()
  const sent: (readonly Batch[])[] = []
  const outbox = new Outbox(clock, (batches) => sent.push(batches))
  outbox.add('a', { type: 'waiting', position: 2, why: 'first', loading: null })
  outbox.add('a', { type: 'waiting', position: 1, why: 'then', loading: null })
  outbox.add('a', { type: 'started', model: 'm', waitedMs: 1 })
  outbox.add('a', text('one '))
  outbox.add('b', text('other'))
  outbox.add('a', text('two'))
  expect(sent).toEqual([])
  await clock.advance(20)
  expect(sent).toEqual([
    [
      {
        id: 'a',
        events: [
          { type: 'waiting', position: 1, why: 'then', loading: null },
          { type: 'started', model: 'm', waitedMs: 1 },
          { type: 'pieces', pieces: [{ type: 'text', text: 'one two', tokens: 2 }] },
        ],
      },
      { id: 'b', events: [text('other')] },
    ],
  ])
  outbox.add('a', text('three'))
  outbox[Symbol.dispose]()
  await clock.advance(20)
  expect(sent).toHaveLength(1)
})
