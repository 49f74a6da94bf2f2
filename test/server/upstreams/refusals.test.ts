import { describe, expect, it } from 'vitest'
import { NATIVE, refuse, scriptedServer, stream } from '../../protocol/remote/scripted-server.js'
import { harness, json, type ErrorBody } from '../http/harness.js'
import { upstream } from './back.js'

const messages = [{ role: 'user', content: 'Hello' }]

const refuser = async (status: number) =>
  await scriptedServer({ ...NATIVE, '/api/chat': refuse(status, { error: 'no' }) })

/** What a client of ours is told where the server behind answers so. */
async function toldOf(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const server = await scriptedServer({ ...NATIVE, '/api/chat': refuse(status, body, headers) })
  const front = harness({ models: {}, upstreams: [upstream(server)] })
  const response = await front.post('/api/chat', { model: 'small', messages })
  return { response, error: (await json<ErrorBody>(response)).error, server }
}

describe('what a server behind this one refuses', () => {
  it('for being busy longer than is waited here, is passed on with its time', async () => {
    const { response, error } = await toldOf(429, { error: 'slow down' }, { 'Retry-After': '90' })
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('90')
    expect(error).toBe('back answered 429: slow down')
  })

  it.each([
    [400, { error: 'bad temperature' }, 400],
    [400, { error: '"small" does not support chat' }, 400],
    [401, { error: 'who are you' }, 502],
    [404, { error: 'model "small" not found' }, 404],
    [500, { error: 'crashed' }, 500],
  ])('with %i %j is told with a status of its own kind', async (status, body, told) => {
    const { response, error, server } = await toldOf(status, body)
    expect(response.status).toBe(told)
    expect(error).toBe(`back answered ${status}: ${body.error}`)
    // Nobody else has the model, so that it was asked once.
    expect(server.of('/api/chat')).toHaveLength(1)
  })

  it.each([502, 504])('with %i is told so after another try', async (status) => {
    const { response, error, server } = await toldOf(status, '<h1>No</h1>')
    expect(response.status).toBe(status)
    expect(error).toBe(`small was lost: back answered ${status}: <h1>No</h1>`)
    expect(server.of('/api/chat')).toHaveLength(2)
  })

  it('by two of three servers leaves the third to answer', async () => {
    const last = await scriptedServer({ ...NATIVE, '/api/chat': stream(['{"done":true}\n']) })
    const servers = [await refuser(401), await refuser(500), last]
    const upstreams = servers.map((server, at) => upstream(server, 'ollama', { name: `back${at}` }))
    const front = harness({ models: {}, upstreams })
    expect((await front.post('/api/chat', { model: 'small', messages })).status).toBe(200)
    expect(servers.map((server) => server.of('/api/chat').length)).toEqual([1, 1, 1])
  })

  it('is its whole list: a wrong key does not hide what is here, and the log says so', async () => {
    const server = await scriptedServer({ ...NATIVE, '/api/tags': refuse(403, { error: 'no' }) })
    const front = harness({ models: { 'near:latest': {} }, upstreams: [upstream(server)] })
    const tags = await json<{ models: object[] }>(front.app.request('/api/tags'))
    expect(tags.models).toHaveLength(1)
    expect(front.lines).toContainEqual(
      expect.objectContaining({
        msg: 'upstream back is passed over: back answered 403: no',
        state: 'denied',
      }),
    )
    expect((await front.post('/api/chat', { model: 'small', messages })).status).toBe(404)
  })

  it('is not for want of a key: it is sent, and of the options what the client said', async () => {
    const server = await scriptedServer({ ...NATIVE, '/api/chat': stream(['{"done":true}\n']) })
    const front = harness({ models: {}, upstreams: [upstream(server, 'ollama', { key: 'secret' })] })
    const asks = { model: 'small', messages, options: { top_k: 3, stop: ['x'] }, keep_alive: '10m' }
    await front.post('/api/chat', asks)
    const [asked] = server.of('/api/chat')
    expect(asked?.key).toBe('Bearer secret')
    expect(asked?.body).toEqual({
      model: 'small',
      stream: true,
      messages,
      options: { top_k: 3, stop: ['x'] },
      keep_alive: '10m0s',
      truncate: true,
      shift: true,
    })
    server.on('/api/embed', { embeddings: [[1]], prompt_eval_count: 1 })
    for (const keep_alive of [0, -1]) {
      const more = { options: { num_ctx: 99 }, keep_alive }
      const response = await front.post('/api/embed', { model: 'small', input: 'x', ...more })
      expect(response.status).toBe(200)
    }
    expect(server.of('/api/embed').map(({ body }) => body)).toEqual(
      ['0s', -1].map((keep_alive) => ({
        model: 'small',
        input: ['x'],
        truncate: true,
        options: { num_ctx: 99 },
        keep_alive,
      })),
    )
  })
})
