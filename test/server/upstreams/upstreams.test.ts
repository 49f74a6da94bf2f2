import type {
  OllamaChatResponse,
  OllamaEmbedResponse,
  OllamaPsResponse,
  OllamaShowResponse,
  OllamaTagsResponse,
  OpenAiChatCompletion,
  OpenAiEmbeddingsResponse,
  OpenAiModelList,
  RemoteKind,
} from '@berth/protocol'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../eventually.js'
import { NATIVE, scriptedServer, stream } from '../../protocol/remote/scripted-server.js'
import { harness, json, ndjson, sse, type TestModel } from '../http/harness.js'
import { back, upstream } from './back.js'

const FAR: Readonly<Record<string, TestModel>> = {
  'far:latest': { tokens: 3 },
  // Begins at once and goes on for longer than any test.
  'long:latest': { tokens: 100_000, tokenMs: 5 },
  'vectors:latest': { capabilities: ['embedding'] },
}
const SAID = 'far:latest-1 far:latest-2 far:latest-3 '

const messages = [{ role: 'user', content: 'Hello' }]

/** A Berth that has `near`, before one that has the others. */
async function pair(kind: RemoteKind = 'berth') {
  const behind = await back({ models: FAR, settings: { slots: 2 } })
  const front = harness({ models: { 'near:latest': {} }, upstreams: [upstream(behind, kind)] })
  return { behind, front }
}

/** A stream's text, piece by piece. */
function readerOf({ body }: Response) {
  if (body === null) throw new Error('Expected a body')
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  return {
    next: async () => (await reader.read()).value ?? '',
    rest: async () => {
      let text = ''
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return text
        text += value
      }
    },
  }
}

describe.each<RemoteKind>(['berth', 'openai'])(
  'the models of a Berth behind this one, by the API of %s',
  (kind) => {
    it('are listed behind our own, and shown', async () => {
      const { front } = await pair(kind)
      const tags = await json<OllamaTagsResponse>(front.app.request('/api/tags'))
      const names = ['near:latest', 'far:latest', 'long:latest', 'vectors:latest']
      expect(tags.models.map(({ name }) => name)).toEqual(names)
      const list = await json<OpenAiModelList>(front.app.request('/v1/models'))
      expect(list.data.map(({ id }) => id)).toEqual(names)
      expect((await front.app.request('/v1/models/far:latest')).status).toBe(200)
      const shown = await json<OllamaShowResponse>(front.post('/api/show', { model: 'far' }))
      const far = tags.models.find(({ name }) => name === 'far:latest')
      if (kind === 'openai') {
        // It tells nothing but the name.
        expect(far).toMatchObject({ size: 0, details: { family: '', format: '' } })
        expect(shown).toMatchObject({ capabilities: [], model_info: {} })
        return
      }
      expect(far).toMatchObject({
        digest: 'd'.repeat(64),
        size: 1_234,
        modified_at: '2026-01-02T03:04:05.000Z',
        details: { format: 'gguf', family: 'bird', parameter_size: '1K', quantization_level: 'F16' },
      })
      expect(shown).toMatchObject({
        capabilities: ['completion'],
        parameters: 'temperature 0.2',
        template: '{{ messages }}',
        license: 'Apache-2.0',
        model_info: { 'general.architecture': 'bird' },
      })
    })

    it('answer by either of our APIs, streamed and whole, and are listed as loaded then', async () => {
      const { front, behind } = await pair(kind)
      const whole = await json<OllamaChatResponse>(
        front.post('/api/chat', { model: 'far', messages, stream: false }),
      )
      expect(whole).toMatchObject({ message: { content: SAID }, done_reason: 'stop', eval_count: 3 })
      const lines = await ndjson(await front.post('/api/generate', { model: 'far', prompt: 'Hello' }))
      expect(lines.map((line) => line['response']).join('')).toBe(SAID)
      const chat = await json<OpenAiChatCompletion>(
        front.post('/v1/chat/completions', { model: 'far', messages }),
      )
      expect(chat).toMatchObject({
        choices: [{ message: { content: SAID } }],
        usage: { completion_tokens: 3 },
      })
      const events = await sse(
        await front.post('/v1/completions', { model: 'far', prompt: 'Hello', stream: true }),
      )
      expect(events.at(-1)).toBe('[DONE]')
      const { models } = await json<OllamaPsResponse>(front.app.request('/api/ps'))
      const loaded = { name: 'far:latest', size: 0, size_vram: 0, expires_at: expect.stringMatching(/^2318/) }
      expect(models).toEqual([expect.objectContaining(loaded)])
      expect(behind.requests).toHaveLength(4)
    })

    it('embed', async () => {
      const { front } = await pair(kind)
      const input = ['a', 'bcd']
      const native = await json<OllamaEmbedResponse>(front.post('/api/embed', { model: 'vectors', input }))
      const openAi = await json<OpenAiEmbeddingsResponse>(
        front.post('/v1/embeddings', { model: 'vectors', input }),
      )
      expect(native.embeddings).toHaveLength(2)
      expect(native.embeddings[0]).toHaveLength(3)
      expect(openAi.data.map(({ embedding }) => embedding)).toEqual(native.embeddings)
    })

    it('give their slot back, there too, when the client leaves', async () => {
      const { front, behind } = await pair(kind)
      const leaving = new AbortController()
      const response = await front.app.request('/api/chat', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ model: 'long', messages }),
        signal: leaving.signal,
      })
      const reader = readerOf(response)
      expect(await reader.next()).toContain('long:latest-1')
      expect(behind.running()).toBe(1)
      leaving.abort()
      await eventually(() => behind.running()).toBe(0)
      await eventually(() => front.scheduler.snapshot().runners[0]?.running).toEqual([])
    })

    it('end in the middle of an answer with the reason when their server dies, and answer again when it is back', async () => {
      const { front, behind } = await pair(kind)
      const native = readerOf(await front.post('/api/chat', { model: 'long', messages }))
      const openAi = readerOf(
        await front.post('/v1/chat/completions', { model: 'long', messages, stream: true }),
      )
      await native.next()
      await openAi.next()
      await behind.stop()
      expect(await native.rest()).toMatch(
        /\{"error":"long:latest was lost: back broke off in the middle of an answer[^\n]*\n$/,
      )
      expect(await openAi.rest()).toContain('back broke off in the middle of an answer')
      const refused = await front.post('/api/chat', { model: 'far', messages })
      expect(refused.status).toBe(502)
      expect(await refused.text()).toContain(`back cannot be reached at ${behind.url}: `)
      // It is not listed while nobody knows whether it has them.
      const tags = await json<OllamaTagsResponse>(front.app.request('/api/tags'))
      expect(tags.models.map(({ name }) => name)).toEqual(['near:latest'])
      await behind.start()
      const again = await json<OllamaChatResponse>(
        front.post('/api/chat', { model: 'far', messages, stream: false }),
      )
      expect(again.message.content).toBe(SAID)
    })
  },
)

describe('servers behind this one', () => {
  it('are not asked for what is here', async () => {
    const behind = await back({ models: { 'near:latest': {} } })
    const front = harness({ models: { 'near:latest': {} }, upstreams: [upstream(behind)] })
    await front.post('/api/chat', { model: 'near', messages, stream: false })
    expect(behind.requests).toHaveLength(0)
    const tags = await json<OllamaTagsResponse>(front.app.request('/api/tags'))
    expect(tags.models).toHaveLength(1)
  })

  it('are passed over, dead or refusing, while another has the model', async () => {
    const [first, second] = [await back({ models: FAR }), await back({ models: FAR })]
    const upstreams = [
      upstream(first, 'berth', { name: 'first' }),
      upstream(second, 'openai', { name: 'second' }),
    ]
    const front = harness({ models: {}, upstreams })
    const ask = async () =>
      await json<OllamaChatResponse>(front.post('/api/chat', { model: 'far', messages, stream: false }))
    expect((await ask()).message.content).toBe(SAID)
    expect([first.requests.length, second.requests.length]).toEqual([1, 0])
    await first.stop()
    expect((await ask()).message.content).toBe(SAID)
    expect([first.requests.length, second.requests.length]).toEqual([1, 1])
    // The model stays where it is now, for as long as it is well there.
    await first.start()
    await ask()
    expect([first.requests.length, second.requests.length]).toEqual([1, 2])
    await second.stop()
    expect((await ask()).message.content).toBe(SAID)
    expect([first.requests.length, second.requests.length]).toEqual([2, 2])
  })

  it('have an answer that is wanted whole made elsewhere when they die in the middle of it', async () => {
    const dies = await back({ models: { 'far:latest': { tokens: 100_000, tokenMs: 5 } } })
    const lives = await back({ models: FAR })
    const upstreams = [upstream(dies, 'berth', { name: 'dies' }), upstream(lives, 'berth', { name: 'lives' })]
    const front = harness({ models: {}, upstreams })
    const asking = json<OllamaChatResponse>(
      front.post('/api/chat', { model: 'far', messages, stream: false }),
    )
    await eventually(() => dies.running()).toBe(1)
    await dies.stop()
    expect((await asking).message.content).toBe(SAID)
  })

  it('do no more at a time than they may, and the rest waits here in line', async () => {
    const behind = await back({ models: FAR, settings: { slots: 4 } })
    const front = harness({ models: {}, upstreams: [upstream(behind, 'berth', { maxConcurrent: 1 })] })
    const leaving = new AbortController()
    const body = JSON.stringify({ model: 'long', messages })
    const headers = { 'Content-Type': 'application/json' }
    const init = { method: 'POST', headers, body, signal: leaving.signal }
    const first = readerOf(await front.app.request('/api/chat', init))
    await first.next()
    const second = front.post('/api/chat', {
      model: 'long',
      messages,
      options: { num_predict: 1 },
      stream: false,
    })
    await eventually(() => front.scheduler.snapshot().queue.map(({ why }) => why)).toEqual([
      'the one slot of long:latest is taken',
    ])
    expect(behind.running()).toBe(1)
    leaving.abort()
    expect((await second).status).toBe(200)
  })

  it('are told what the request says and no more: defaults are theirs', async () => {
    const behind = await back({ models: { 'far:latest': { capabilities: ['completion', 'vision'] } } })
    const front = harness({ models: {}, upstreams: [upstream(behind)] })
    await front.post('/api/chat', { model: 'far', messages, stream: false })
    const options = { temperature: 0.5, num_ctx: 512, num_predict: 2 }
    const image = 'iVBORw0='
    await front.post('/api/chat', {
      model: 'far',
      messages: [{ ...messages[0], images: [image] }],
      options,
      stream: false,
    })
    const [plain, full] = behind.requests.map(({ job, wish }) => ({ job, wish }))
    // What stands here are the defaults of the one behind.
    expect(plain).toMatchObject({ job: { sampling: { temperature: 0.8 }, maxTokens: 10_000 } })
    expect(plain?.wish).toBeUndefined()
    expect(full).toMatchObject({
      wish: { contextLength: 512 },
      job: { sampling: { temperature: 0.5 }, maxTokens: 2 },
    })
    expect(full?.job).toMatchObject({ prompt: { messages: [{ images: [Buffer.from(image, 'base64')] }] } })
  })

  it('let a model go here that has become another there', async () => {
    const server = await scriptedServer({ ...NATIVE, '/api/chat': stream(['{"done":true}\n']) })
    const front = harness({ models: {}, upstreams: [upstream(server)] })
    const ask = async () => (await front.post('/api/chat', { model: 'small', messages })).text()
    await ask()
    await ask()
    const revisions = () => front.scheduler.snapshot().runners.map(({ spec }) => spec.revision)
    expect(revisions()).toEqual(['d1'])
    server.on('/api/tags', { models: [{ name: 'small', digest: 'd2' }] })
    await front.app.request('/api/tags')
    await eventually(revisions).toEqual([])
    await ask()
    expect(revisions()).toEqual(['d2'])
  })
})
