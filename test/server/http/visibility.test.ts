import { createHash } from 'node:crypto'
import type { BerthQueueResponse } from '@berth/protocol'
import type { Scheduler } from '@berth/scheduler'
import { describe, expect, it } from 'vitest'
import { ApiKeys } from '../../../apps/server/src/access/index.js'
import { eventually } from '../../eventually.js'
import { harness, json } from './harness.js'

const hash = (key: string) => createHash('sha256').update(key).digest('hex')
const keys = ApiKeys.parse(
  ['ada user', 'ben user', 'root admin']
    .map((line) => `${line} sha256:${hash(`${line.split(' ')[0]}-key`)}`)
    .join('\n'),
)
const as = (name: string) => ({ headers: { authorization: `Bearer ${name}-key` } })
const fromAddress = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } })

/** One request of ada's that runs, and one of ben's that waits. */
async function occupied(h: { readonly scheduler: Scheduler }, clients = ['ada', 'ben']) {
  for (const client of clients) {
    h.scheduler.submit({
      model: 'parrot:latest',
      purpose: 'generate',
      client,
      job: {
        kind: 'generate',
        prompt: { kind: 'raw', text: 'Hello' },
        sampling: {},
        stop: [],
        overflow: { prompt: 'truncate', answer: 'stop' },
      },
    })
  }
  await eventually(() => h.scheduler.snapshot().runners[0]?.state).toBe('busy')
}

const SLOW = { 'parrot:latest': { promptMs: 1e9 } }

/** Whose requests an answer of /api/queue tells of: those that run, then those that wait. */
const clientsIn = ({ runners, queue }: BerthQueueResponse) =>
  [...runners.flatMap(({ requests }) => requests), ...queue].map(({ client }) => client ?? null)

describe('whose requests one sees', () => {
  it('is one’s own with a user’s key, and everybody’s with an administrator’s', async () => {
    const h = harness({ models: SLOW, access: { keys } })
    await occupied(h)
    const seenBy = async (name: string) => clientsIn(await json(h.app.request('/api/queue', as(name))))
    expect(await seenBy('ada')).toEqual(['ada', null])
    expect(await seenBy('ben')).toEqual([null, 'ben'])
    expect(await seenBy('root')).toEqual(['ada', 'ben'])
  })

  it('is everybody’s on this machine where there are no keys, and one’s own from elsewhere', async () => {
    const h = harness({ models: SLOW, access: { loopback: false } })
    await occupied(h, ['127.0.0.1', '10.0.0.7'])
    const seenFrom = async (address: string) =>
      // Hono's bindings are what the socket tells.
      clientsIn(await json(h.app.request('/api/queue', {}, fromAddress(address))))
    for (const here of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      expect(await seenFrom(here)).toEqual(['127.0.0.1', '10.0.0.7'])
    }
    expect(await seenFrom('10.0.0.7')).toEqual([null, '10.0.0.7'])
    expect(await seenFrom('10.0.0.8')).toEqual([null, null])
  })

  it('is so in the stream of events as well', async () => {
    const h = harness({ models: SLOW, access: { keys } })
    const response = await h.app.request('/api/events', as('ada'))
    await occupied(h)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!/event: running/.test(text)) text += (await reader.read()).value ?? ''
    await reader.cancel()
    const queued = Array.from(text.matchAll(/^data: (\{.*"type":"queued".*)$/gm), ([, data = '']) =>
      JSON.parse(data),
    )
    expect(queued.map(({ request, client }) => [request, client])).toEqual([
      ['r1', 'ada'],
      ['r2', ''],
    ])
    const later = await h.app.request('/api/events', as('ben'))
    const first = await later.body!.pipeThrough(new TextDecoderStream()).getReader().read()
    const snapshot = JSON.parse(/^data: (.*)$/m.exec(first.value ?? '')?.[1] ?? '')
    expect(snapshot.runners[0].running[0].client).toBe('')
    expect(snapshot.queue[0].client).toBe('ben')
  })
})
