import { describe, expect, it } from 'vitest'
import { harness } from './harness.js'

const NATIVE = 'generate chat embed embeddings show copy create pull push'
  .split(' ')
  .map((name) => `/api/${name}`)
const OPENAI = ['chat/completions', 'completions', 'embeddings', 'responses'].map((name) => `/v1/${name}`)
const ANTHROPIC = ['/v1/messages', '/v1/messages/count_tokens']
const ALL = [...NATIVE, ...OPENAI, ...ANTHROPIC]

const MALFORMED = [
  '',
  '{',
  'null',
  '[]',
  '"x"',
  '{}',
  '{"model": 5}',
  '{"model": {}, "source": [], "messages": 1}',
]

const text = expect.stringMatching(/./)

/** An error in the shape of the path's family. */
function errorShape(path: string): object {
  if (path.startsWith('/v1/messages')) return { type: 'error', error: { type: text, message: text } }
  return path.startsWith('/v1/')
    ? { error: expect.objectContaining({ message: text, type: text }) }
    : { error: text }
}

async function expectError(response: Response, path: string, statuses: readonly number[]): Promise<void> {
  const body: unknown = JSON.parse(await response.text())
  expect({ path, body }).toEqual({ path, body: errorShape(path) })
  expect(statuses).toContain(response.status)
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
}

describe.each(ALL)('%s', (path) => {
  it('refuses what is no body for it in the shape of its family', async () => {
    const { post } = harness()
    // Ollama looks for the model first, and for none there is none.
    for (const body of MALFORMED) await expectError(await post(path, body), path, [400, 404])
  })

  it('refuses a body that is too large, and the wrong method', async () => {
    const { post, app } = harness({ bodyLimit: 1_000 })
    await expectError(await post(path, { model: 'x'.repeat(2_000) }), path, [413])
    const wrong = await app.request(path)
    expect(wrong.headers.get('allow')).toBe('POST')
    await expectError(wrong, path, [405])
    await expectError(await post(`${path}/nothing/here`, {}), `${path}/`, [404])
  })
})

it.each([
  '/',
  '/api/version',
  '/api/tags',
  '/api/ps',
  '/api/status',
  '/v1/models',
  '/v1/models/parrot',
  '/v1/models/dodo',
])('HEAD %s answers as GET does, without the body', async (path) => {
  const { app } = harness()
  const [get, head] = [await app.request(path), await app.request(path, { method: 'HEAD' })]
  expect(head.status).toBe(get.status)
  expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
  expect(await head.text()).toBe('')
})

it('a file that was uploaded is asked for by HEAD, and not given away', async () => {
  const { app } = harness()
  const path = `/api/blobs/sha256:${'a'.repeat(64)}`
  const response = await app.request(path)
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'HEAD, POST'])
  expect((await app.request(path, { method: 'HEAD' })).status).toBe(404)
})

const messages = [{ role: 'user', content: 'Hello' }]
it.each([
  ['/api/generate', { prompt: 'Hello' }, 'application/x-ndjson', 'application/json'],
  ['/api/chat', { messages }, 'application/x-ndjson', 'application/json'],
  ['/v1/chat/completions', { messages }, 'text/event-stream', 'application/json'],
  ['/v1/completions', { prompt: 'Hello' }, 'text/event-stream', 'application/json'],
  ['/v1/responses', { input: 'Hello' }, 'text/event-stream', 'application/json'],
  ['/v1/messages', { messages, max_tokens: 8 }, 'text/event-stream', 'application/json'],
])('%s says what it sends, streamed and whole', async (path, body, streamed, whole) => {
  const { post } = harness()
  for (const [stream, type] of [
    [true, streamed],
    [false, whole],
  ] as const) {
    const response = await post(path, { model: 'parrot', ...body, stream })
    expect([response.status, response.headers.get('content-type')?.split(';')[0]]).toEqual([200, type])
    await response.text()
  }
})
