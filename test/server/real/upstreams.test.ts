import type { OllamaEmbedResponse, OllamaPsResponse, OllamaTagsResponse, RemoteKind } from '@berth/protocol'
import type { Snapshot } from '@berth/scheduler'
import { Ollama } from 'ollama'
import { OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../eventually.js'
import { post, startBerth, type BerthProcess } from './berth-process.js'
import { answerOf, chat, linesOf, song } from './requests.js'

/** A server without models of its own, before another one. */
const before = async ({ url }: BerthProcess, kind: RemoteKind): Promise<BerthProcess> =>
  await startBerth({
    files: {},
    env: { BERTH_UPSTREAMS: JSON.stringify([{ name: 'back', address: url, kind }]) },
  })

const get = async <Body>(url: string): Promise<Body> => JSON.parse(await (await fetch(url)).text())

async function vectorsOf(url: string): Promise<OllamaEmbedResponse['embeddings']> {
  const response = await post(`${url}/api/embed`, { model: 'smollm2', input: ['one', 'two'] })
  const body: OllamaEmbedResponse = JSON.parse(await response.text())
  return body.embeddings
}

/** Jobs that run on a server now. */
async function running({ url }: BerthProcess): Promise<number> {
  const { runners } = await get<Snapshot>(`${url}/api/berth/snapshot`)
  return runners.reduce((sum, runner) => sum + runner.running.length, 0)
}

let back: BerthProcess
const fronts = new Map<RemoteKind, BerthProcess>()
beforeAll(async () => {
  back = await startBerth()
  for (const kind of ['berth', 'openai'] as const) fronts.set(kind, await before(back, kind))
})
afterAll(async () => {
  for (const front of fronts.values()) await front[Symbol.asyncDispose]()
  await back[Symbol.asyncDispose]()
})

function frontOf(kind: RemoteKind): BerthProcess {
  const front = fronts.get(kind)
  if (front === undefined) throw new Error(`Expected a front of kind ${kind}`)
  return front
}

describe.each<RemoteKind>(['berth', 'openai'])('a Berth behind another one, by the API of %s', (kind) => {
  it('lends its model to clients of Ollama and of OpenAI', async () => {
    const front = frontOf(kind)
    const { models } = await get<OllamaTagsResponse>(`${front.url}/api/tags`)
    expect(models.map(({ name }) => name)).toEqual(['smollm2:latest'])
    const { messages } = chat
    const ollama = await new Ollama({ host: front.url }).chat({ ...chat, messages, stream: true })
    let text = ''
    for await (const part of ollama) text += part.message.content
    expect(text).toContain('Paris')
    const openAi = new OpenAI({ baseURL: `${front.url}/v1`, apiKey: 'none' })
    const stream = await openAi.chat.completions.create({
      model: 'smollm2',
      messages: [
        { role: 'system', content: 'You are a helpful assistant.' },
        { role: 'user', content: 'What is the capital of France?' },
      ],
      temperature: 0,
      max_tokens: 24,
      stream: true,
    })
    let said = ''
    for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? ''
    expect(said).toContain('Paris')
    const ps = await get<OllamaPsResponse>(`${front.url}/api/ps`)
    expect(ps.models).toMatchObject([{ name: 'smollm2:latest', size: 0 }])
    // Nothing of it is in this one's memory: no engine was started.
    expect(await front.children()).toEqual([])
  })

  it('lends its vectors, the same as its own', async () => {
    const front = frontOf(kind)
    const [ours, theirs] = [await vectorsOf(front.url), await vectorsOf(back.url)]
    expect(ours).toHaveLength(2)
    ours.flat().forEach((value, at) => expect(value).toBeCloseTo(theirs.flat()[at] ?? NaN, 5))
  })

  it('has its slot back when the client leaves', async () => {
    const front = frontOf(kind)
    const leaving = new AbortController()
    const response = await fetch(`${front.url}/api/generate`, {
      method: 'POST',
      body: JSON.stringify(song(4_000)),
      signal: leaving.signal,
    })
    const lines = linesOf(response)
    await lines.next()
    expect(await running(back)).toBe(1)
    leaving.abort()
    await lines.next().catch(() => undefined)
    await eventually(async () => await running(back)).toBe(0)
    await eventually(async () => await running(front)).toBe(0)
  })
})

describe('a Berth behind another one', () => {
  it('may be killed in the middle of an answer, and answers again when it was started anew', async () => {
    const front = frontOf('berth')
    const { port } = new URL(back.url)
    const lines = linesOf(await post(`${front.url}/api/generate`, song(4_000)))
    await lines.next()
    await back[Symbol.asyncDispose]()
    let last: object | undefined
    for await (const line of lines) last = line
    expect(last).toEqual({ error: expect.stringContaining('back broke off in the middle of an answer') })
    const refused = await post(`${front.url}/api/chat`, chat)
    expect(refused.status).toBe(502)
    expect(await refused.text()).toContain(`back cannot be reached at http://127.0.0.1:${port}: `)
    back = await startBerth({ args: ['--port', port] })
    expect(await answerOf(front.url, chat)).toContain('Paris')
  })
})
