import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf } from '../../models/index.js'
import { startBerth, type BerthProcess } from './berth-process.js'
import { jsonOf, said, streamOf } from './scripted-models.js'

let berth: BerthProcess
beforeAll(async () => {
  berth = await startBerth({ files: { 'plain.gguf': await randomGguf() } })
})
afterAll(async () => await berth[Symbol.asyncDispose]())

const messages = [{ role: 'user', content: 'Hello' }]
const format = said('alpha beta gamma delta')
const schema = { type: 'json_schema', json_schema: { name: 'said', schema: format } }

const url = (path: string): string => berth.url + path

describe('a stop string', () => {
  const LEFT = '"alpha beta '

  it.each([
    ['a list', ['delta', 'gamma']],
    ['a text', 'gamma'],
  ])('of Ollama’s options, as %s, is never sent', async (_, stop) => {
    for (const [path, body] of [
      ['/api/chat', { model: 'plain', messages, format, options: { stop } }],
      ['/api/generate', { model: 'plain', prompt: 'Hello', format, options: { stop } }],
    ] as const) {
      const whole = await jsonOf(url(path), { ...body, stream: false })
      expect(whole.message?.content ?? whole.response).toBe(LEFT)
      expect(whole.done_reason).toBe('stop')
      const { parts } = await streamOf(url(path), body)
      expect(parts.map((part) => part.message?.content ?? part.response).join('')).toBe(LEFT)
      expect(parts.at(-1).done_reason).toBe('stop')
    }
  })

  it.each([
    ['a list', ['delta', 'gamma']],
    ['a text', 'gamma'],
  ])('of OpenAI’s API, as %s, is never sent', async (_, stop) => {
    const body = { model: 'plain', messages, response_format: schema, stop }
    const { choices } = await jsonOf(url('/v1/chat/completions'), body)
    expect(choices[0]).toMatchObject({ message: { content: LEFT }, finish_reason: 'stop' })
    const { parts } = await streamOf(url('/v1/chat/completions'), { ...body, stream: true })
    expect(parts.map((part) => part.choices[0].delta.content ?? '').join('')).toBe(LEFT)
  })

  it('of a model’s own parameters holds where a request has none, and gives way to a request’s', async () => {
    const create = { model: 'stopping', from: 'plain', parameters: { stop: ['beta'] }, stream: false }
    expect(await jsonOf(url('/api/create'), create)).toMatchObject({ status: 'success' })
    const body = { model: 'stopping', messages, format, stream: false }
    expect((await jsonOf(url('/api/chat'), body)).message.content).toBe('"alpha ')
    const asked = { ...body, options: { stop: ['gamma'] } }
    expect((await jsonOf(url('/api/chat'), asked)).message.content).toBe(LEFT)
  })

  it('of Anthropic’s API is told of, in one answer and in a stream', async () => {
    // That API has no schema, so the model talks freely; what it says at temperature 0 is always the same.
    const body = { model: 'plain', messages, max_tokens: 12, temperature: 0 }
    const free = await jsonOf(url('/v1/messages'), body)
    expect(free).toMatchObject({ stop_reason: 'max_tokens', stop_sequence: null })
    const { text } = free.content[0]
    // From the middle of what it says, and nowhere before.
    const stop = text.slice(4, 10)
    const at = text.indexOf(stop)
    const asked = { ...body, stop_sequences: ['never said', stop] }
    const stopped = await jsonOf(url('/v1/messages'), asked)
    expect(stopped).toMatchObject({
      content: [{ type: 'text', text: text.slice(0, at) }],
      stop_reason: 'stop_sequence',
      stop_sequence: stop,
    })
    const { parts } = await streamOf(url('/v1/messages'), { ...asked, stream: true })
    const deltas = parts.filter(({ type }) => type === 'content_block_delta')
    expect(deltas.map(({ delta }) => delta.text).join('')).toBe(text.slice(0, at))
    expect(parts.at(-2)).toMatchObject({
      type: 'message_delta',
      delta: { stop_reason: 'stop_sequence', stop_sequence: stop },
    })
  })
})
