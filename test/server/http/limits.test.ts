import Anthropic, { RateLimitError as AnthropicRateLimit } from '@anthropic-ai/sdk'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Ollama } from 'ollama'
import { OpenAI, RateLimitError } from 'openai'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ApiKeys } from '../../../apps/server/src/access/index.js'
import { addressOf, listen } from '../../../apps/server/src/listen.js'
import { eventually } from '../../eventually.js'
import { harness, type HarnessOptions } from './harness.js'

const hash = (key: string) => createHash('sha256').update(key).digest('hex')
const keyLine = (name: string, settings = '') => `${name} user sha256:${hash(`${name}-key`)} ${settings}`
const messages = [{ role: 'user' as const, content: 'Hello' }]

/** A server on a real port, for clients that others wrote. */
async function served(options: HarnessOptions) {
  const { app, scheduler, backend } = harness(options)
  const local = { hostname: '127.0.0.1', port: 0 }
  const server = await listen(app.fetch, local)
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const url = `http://127.0.0.1:${addressOf(server, local).port}`
  return {
    scheduler,
    backend,
    url,
    openAi: (name: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: `${name}-key`, maxRetries: 0 }),
    anthropic: (name: string) => new Anthropic({ baseURL: url, apiKey: `${name}-key`, maxRetries: 0 }),
    ollama: (name: string) => new Ollama({ host: url, headers: { Authorization: `Bearer ${name}-key` } }),
  }
}

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'answered',
    (error: unknown) => error,
  )

describe('a client that is over its limit', () => {
  it('is told so in the words of its API, and when there is room; another key’s holder is not touched', async () => {
    const keys = ApiKeys.parse([keyLine('ada', 'rpm=3'), keyLine('ben')].join('\n'))
    const { openAi, anthropic, ollama } = await served({ access: { keys } })
    const chat = (of: OpenAI) => of.chat.completions.create({ model: 'parrot', messages })
    const message = (of: Anthropic) => of.messages.create({ model: 'parrot', messages, max_tokens: 4 })
    await chat(openAi('ada'))
    await message(anthropic('ada'))
    await ollama('ada').chat({ model: 'parrot', messages })

    const byOpenAi = await failure(chat(openAi('ada')))
    if (!(byOpenAi instanceof RateLimitError)) throw byOpenAi
    expect(byOpenAi).toMatchObject({
      status: 429,
      type: 'rate_limit_error',
      code: 'rate_limited',
      message: expect.stringContaining('"ada" has made 3 requests of late, and 3 a minute is its limit'),
    })
    // A third of a minute for each, less what the test has taken.
    const retryAfter = Number(byOpenAi.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(20)

    const byAnthropic = await failure(message(anthropic('ada')))
    if (!(byAnthropic instanceof AnthropicRateLimit)) throw byAnthropic
    expect(byAnthropic.error).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
    expect(byAnthropic.headers.get('retry-after')).toMatch(/^\d+$/)

    expect(await failure(ollama('ada').chat({ model: 'parrot', messages }))).toMatchObject({
      status_code: 429,
      error: expect.stringContaining('(requestsPerMinute)'),
    })
    for (let i = 0; i < 4; i += 1) await chat(openAi('ben'))
  })

  it('is so for as many at a time, and for the settings’ limits where its key says nothing of them', async () => {
    const keys = ApiKeys.parse([keyLine('ada', 'concurrent=1'), keyLine('ben')].join('\n'))
    const { openAi, scheduler } = await served({
      access: { keys },
      models: { 'parrot:latest': { promptMs: 1e9 } },
      settings: { clientLimits: { concurrent: 2, requestsPerMinute: 0, tokensPerMinute: 0 } },
    })
    const left = new AbortController()
    const ask = async (name: string) =>
      await failure(
        openAi(name).chat.completions.create({ model: 'parrot', messages }, { signal: left.signal }),
      )
    const open = [ask('ada'), ask('ben'), ask('ben')]
    await eventually(() => scheduler.snapshot().queue.length).toBe(2)
    for (const [name, most] of [
      ['ada', 1],
      ['ben', 2],
    ] as const) {
      const error = await ask(name)
      if (!(error instanceof RateLimitError)) throw error
      expect(error.message).toContain(`${most} at a time is its limit (concurrent)`)
      expect(error.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
    }
    left.abort()
    await Promise.all(open)
  })

  it('is not the one whose place in line another one takes: the queue has an error of its own', async () => {
    const { url, scheduler } = await served({
      models: { 'parrot:latest': { promptMs: 1e9 } },
      settings: { maxQueuePerClass: { interactive: 0, normal: 0, batch: 1 } },
    })
    const left = new AbortController()
    const ask = async (priority: string) =>
      await fetch(`${url}/api/chat`, {
        method: 'POST',
        body: JSON.stringify({ model: 'parrot', messages, priority }),
        signal: left.signal,
      })
    const open = [ask('normal')]
    await eventually(() => scheduler.snapshot().runners[0]?.state).toBe('busy')
    open.push(ask('batch'))
    await eventually(() => scheduler.snapshot().queue.length).toBe(1)
    const refused = await ask('batch')
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
    expect(await refused.json()).toMatchObject({
      error: expect.stringContaining('full for class batch: 1 requests of it wait'),
    })
    left.abort()
    await Promise.allSettled(open)
  })
})

describe('a stream that has to wait', () => {
  const WAITING = { models: { 'parrot:latest': { tokens: 10_000, tokenMs: 20 } } }

  it('says in comments where it stands, which the clients of others pass over', async () => {
    const { url, openAi, anthropic, scheduler } = await served(WAITING)
    const first = scheduler.submit({
      model: 'parrot:latest',
      purpose: 'generate',
      job: {
        kind: 'generate',
        prompt: { kind: 'raw', text: 'Hello' },
        sampling: {},
        stop: [],
        overflow: { prompt: 'truncate', answer: 'stop' },
      },
    })
    await first.granted
    const body = { model: 'parrot', messages, stream: true, max_tokens: 2 }
    const raw = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) })
    // The head came before the answer, with all that is known by then.
    expect(raw.headers.get('x-berth-position')).toBe('1')
    expect(raw.headers.get('x-berth-waited-ms')).toBeNull()
    const reader = raw.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toBe(': berth position 1, the one slot of parrot:latest is taken\n\n')
    const chat = openAi('ada').chat.completions.create({ ...body, stream: true })
    const message = anthropic('ada').messages.create({ ...body, stream: true })
    const [chunks, events] = await Promise.all([chat, message])
    first.cancel()
    let text = ''
    for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? ''
    const types: string[] = []
    for await (const event of events) types.push(event.type)
    expect(text).toMatch(/parrot/)
    expect(types.at(-1)).toBe('message_stop')
    let rest = ''
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value
    expect(rest).toMatch(/\n\ndata: \[DONE\]\n\n$/)
  })

  it('tells in the stream what fails after that; what fails soon has a status of its own', async () => {
    const { openAi, url } = await served({ ...WAITING, settings: { maxWaitMs: 3_000 } })
    const left = new AbortController()
    const first = await fetch(`${url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify({ model: 'parrot', messages }),
      signal: left.signal,
    })
    const chunks = await openAi('ada').chat.completions.create({ model: 'parrot', messages, stream: true })
    const failed = await failure(
      (async () => {
        for await (const _ of chunks);
      })(),
    )
    expect(failed).toMatchObject({ message: expect.stringContaining('waited 3 s in vain') })
    left.abort()
    await first.text().catch(() => undefined)
  })
})
