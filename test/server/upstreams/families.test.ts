import Anthropic from '@anthropic-ai/sdk'
import type { RemoteKind } from '@berth/protocol'
import { Ollama } from 'ollama'
import { OpenAI } from 'openai'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../eventually.js'
import {
  events,
  lines,
  NATIVE,
  OPENAI,
  scriptedServer,
  stream,
} from '../../protocol/remote/scripted-server.js'
import { addressOf, listen } from '../../../apps/server/src/listen.js'
import { harness } from '../http/harness.js'
import { back, upstream } from './back.js'

const KINDS: readonly RemoteKind[] = ['berth', 'ollama', 'openai']
const SAID = 'far:latest-1 far:latest-2 far:latest-3 '
const IMAGE = 'iVBORw0='
const messages = [{ role: 'user' as const, content: 'Hello' }]
const PARAMETERS = { type: 'object', properties: { town: { type: 'string' } } } as const

/** A server of ours on a real port before the one at `url`, with a client of each family. */
async function before(url: string, kind: RemoteKind) {
  const front = harness({ models: {}, upstreams: [upstream({ url }, kind)] })
  const at = { hostname: '127.0.0.1', port: 0 }
  const server = await listen((request) => front.app.fetch(request), at)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const own = `http://127.0.0.1:${addressOf(server, at).port}`
  return {
    front,
    ollama: new Ollama({ host: own }),
    openAi: new OpenAI({ baseURL: `${own}/v1`, apiKey: 'none', maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: own, apiKey: 'none', maxRetries: 0 }),
  }
}

/** What a server of this kind answers whose model calls a tool, and where it is asked. */
function callingTool(kind: RemoteKind) {
  const given = { town: 'Paris' }
  if (kind !== 'openai') {
    const message = {
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'weather', arguments: given } }],
    }
    const show = { capabilities: ['completion', 'tools', 'vision'], model_info: {} }
    const answer = stream(
      lines({ message, done: false }, { message: { content: '' }, done: true, done_reason: 'stop' }),
    )
    return { path: '/api/chat', paths: { ...NATIVE, '/api/show': show, '/api/chat': answer } }
  }
  const call = {
    index: 0,
    id: 'c1',
    type: 'function',
    function: { name: 'weather', arguments: JSON.stringify(given) },
  }
  const chunks = [{ delta: { tool_calls: [call] } }, { delta: {}, finish_reason: 'tool_calls' }]
  const path = '/v1/chat/completions'
  return {
    path,
    paths: { ...OPENAI, [path]: stream(events(...chunks.map((choice) => ({ choices: [choice] })))) },
  }
}

describe.each(KINDS)('clients of every family, through a server asked by the API of %s,', (kind) => {
  it('get an answer whole and in a stream, and may leave in the middle of it', async () => {
    const models = { 'far:latest': { tokens: 3 }, 'long:latest': { tokens: 100_000, tokenMs: 5 } }
    const behind = await back({ models, settings: { slots: 2 } })
    const { ollama, openAi, anthropic, front } = await before(behind.url, kind)
    const ask = { model: 'far', messages }
    expect((await ollama.chat(ask)).message.content).toBe(SAID)
    expect((await openAi.chat.completions.create(ask)).choices[0]?.message.content).toBe(SAID)
    const limit = { max_tokens: 24 }
    const whole = await anthropic.messages.create({ ...ask, ...limit })
    expect(whole.content).toEqual([expect.objectContaining({ type: 'text', text: SAID })])
    expect(whole).toMatchObject({ stop_reason: 'end_turn', usage: { output_tokens: 3 } })

    let said = ''
    for await (const part of await ollama.chat({ ...ask, stream: true })) said += part.message.content
    expect(said).toBe(SAID)
    said = ''
    for await (const chunk of await openAi.chat.completions.create({ ...ask, stream: true }))
      said += chunk.choices[0]?.delta.content ?? ''
    expect(said).toBe(SAID)
    expect(await anthropic.messages.stream({ ...ask, ...limit }).finalText()).toBe(SAID)

    const long = { model: 'long', messages, max_tokens: 50_000, stream: true } as const
    for await (const _ of await ollama.chat({ model: 'long', messages, stream: true })) {
      ollama.abort()
      break
    }
    for await (const _ of await openAi.chat.completions.create(long)) break
    for await (const _ of await anthropic.messages.create(long)) break
    await eventually(() => behind.running()).toBe(0)
    await eventually(() => front.scheduler.snapshot().runners.flatMap(({ running }) => running)).toEqual([])
  })

  it('have a tool called, and an image passed on', async () => {
    const { path, paths } = callingTool(kind)
    const server = await scriptedServer(paths)
    const { ollama, openAi, anthropic } = await before(server.url, kind)
    const tool = { name: 'weather', description: 'of a town', parameters: PARAMETERS }
    const asked = [{ type: 'function' as const, function: tool }]
    const call = { name: 'weather', arguments: { town: 'Paris' } }

    const seen = { role: 'user', content: 'What is that?', images: [IMAGE] }
    const native = await ollama.chat({ model: 'small', messages: [seen], tools: asked })
    expect(native.message.tool_calls?.[0]?.function).toMatchObject(call)

    const url = `data:image/png;base64,${IMAGE}`
    const parts = [
      { type: 'text' as const, text: 'What is that?' },
      { type: 'image_url' as const, image_url: { url } },
    ]
    const chat = await openAi.chat.completions.create({
      model: 'small',
      messages: [{ role: 'user', content: parts }],
      tools: asked,
    })
    expect(chat.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { name: 'weather', arguments: JSON.stringify(call.arguments) } }] },
    })

    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: IMAGE }
    const wish = {
      model: 'small',
      max_tokens: 24,
      messages: [
        {
          role: 'user' as const,
          content: [
            { type: 'text' as const, text: 'What is that?' },
            { type: 'image' as const, source },
          ],
        },
      ],
      tools: [{ name: 'weather', description: 'of a town', input_schema: PARAMETERS }],
    }
    const used = [expect.objectContaining({ type: 'tool_use', name: 'weather', input: call.arguments })]
    const whole = await anthropic.messages.create(wish)
    expect(whole).toMatchObject({ stop_reason: 'tool_use', content: used })
    expect((await anthropic.messages.stream(wish).finalMessage()).content).toEqual(used)

    const [first, ...others] = server.of(path).map(({ body }) => body)
    expect(others).toHaveLength(3)
    for (const { messages: told, tools } of [first, ...others].map((body) => body ?? {})) {
      expect(tools).toEqual(asked)
      const image = kind === 'openai' ? { content: parts } : { content: 'What is that?', images: [IMAGE] }
      expect(told).toEqual([expect.objectContaining(image)])
    }
  })

  it('get vectors', async () => {
    const behind = await back({ models: { 'vectors:latest': { capabilities: ['embedding'] } } })
    const { ollama, openAi } = await before(behind.url, kind)
    const ask = { model: 'vectors', input: ['a', 'bcd'] }
    const { embeddings } = await ollama.embed(ask)
    expect(embeddings).toHaveLength(2)
    const { data } = await openAi.embeddings.create({ ...ask, encoding_format: 'float' })
    expect(data.map(({ embedding }) => embedding)).toEqual(embeddings)
  })
})
