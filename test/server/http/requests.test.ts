import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ApiKeys } from '../../../apps/server/src/access/index.js'
import { harness, json, type ErrorBody } from './harness.js'

const hash = (key: string) => createHash('sha256').update(key).digest('hex')
const KEYS = ['ada user', 'ben user', 'root admin'].map((line) => {
  const [name = ''] = line.split(' ')
  return `${line} sha256:${hash(`${name}-key`)}`
})
const as = (name: string) => ({ authorization: `Bearer ${name}-key` })

/** A server whose one slot is taken, with a request of ada's and one of ben's in line. */
async function busyServer() {
  const h = harness({
    models: { 'parrot:latest': { tokens: 10_000, tokenMs: 20 } },
    access: { keys: ApiKeys.parse(KEYS.join('\n')) },
  })
  const ask = (client: string) =>
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
  const running = ask('root')
  await running.granted
  return { h, running, ada: ask('ada'), ben: ask('ben') }
}

describe('what is done to one request', () => {
  it('is for its own client: to end it and to lower it, and never to raise it', async () => {
    const { h, ada } = await busyServer()
    const path = `/api/berth/requests/${ada.id}`
    expect(await json(h.post(`${path}/class`, { class: 'batch' }, as('ada')))).toEqual({
      request: ada.id,
      class: 'batch',
    })
    const raised = await h.post(`${path}/class`, { class: 'normal' }, as('ada'))
    expect(raised.status).toBe(403)
    expect((await json<ErrorBody>(raised)).error).toBe(
      'class: raising a request from batch to normal needs an admin key',
    )
    expect(await json(h.post(`${path}/cancel`, '', as('ada')))).toEqual({ request: ada.id, cancelled: true })
    await expect(ada.granted).rejects.toMatchObject({ code: 'cancelled', message: 'cancelled by its client' })
  })

  it('does not even tell of others’ requests, whether they are there or not', async () => {
    const { h, ben } = await busyServer()
    for (const id of [ben.id, 'r99']) {
      const answer = await h.post(`/api/berth/requests/${id}/cancel`, '', as('ada'))
      expect(answer.status).toBe(404)
      expect((await json<ErrorBody>(answer)).error).toBe(
        `request "${id}" not found: it is over, or it was never there (/api/queue has those that wait)`,
      )
    }
    expect(ben.waiting()).not.toBeNull()
  })

  it('is an administrator’s for every request, raising as well', async () => {
    const { h, running, ada, ben } = await busyServer()
    await h.post(`/api/berth/requests/${ben.id}/class`, { class: 'interactive' }, as('root'))
    expect(h.scheduler.request(ben.id)?.class).toBe('interactive')
    expect([ben.waiting()?.position, ada.waiting()?.position]).toEqual([1, 2])
    expect((await h.post(`/api/berth/requests/${running.id}/cancel`, '', as('root'))).status).toBe(200)
    await ben.granted
    ben.cancel()
  })

  it('names what is wrong with a class', async () => {
    const { h, ada } = await busyServer()
    const answer = await h.post(`/api/berth/requests/${ada.id}/class`, { class: 'urgent' }, as('root'))
    expect(answer.status).toBe(400)
    expect((await json<ErrorBody>(answer)).error).toBe(
      'class: expected "interactive", "normal" or "batch", got "urgent"',
    )
  })

  it('is everybody’s where nobody is asked for a key', async () => {
    const h = harness({ models: { 'parrot:latest': { tokens: 10_000, tokenMs: 20 } } })
    const ticket = h.scheduler.submit({ model: 'parrot:latest', purpose: 'generate', client: '10.0.0.7' })
    expect((await h.post(`/api/berth/requests/${ticket.id}/class`, { class: 'interactive' })).status).toBe(
      200,
    )
    expect((await h.post(`/api/berth/requests/${ticket.id}/cancel`, '')).status).toBe(200)
  })
})
