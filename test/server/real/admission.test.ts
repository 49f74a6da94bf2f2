import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BerthQueueResponse, OllamaPsResponse } from '@berth/protocol'
import { OpenAI, RateLimitError } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../eventually.js'
import { startBerth, type BerthProcess } from './berth-process.js'

const MODEL = 'smollm2'
const messages = [
  { role: 'system' as const, content: 'You are a helpful assistant.' },
  { role: 'user' as const, content: 'What is the capital of France?' },
]
const hash = (key: string) => createHash('sha256').update(key).digest('hex')
const KEYS = [
  `ada user sha256:${hash('ada-key')} tpm=20 class=batch`,
  `ben user sha256:${hash('ben-key')} concurrent=1`,
  `root admin sha256:${hash('root-key')}`,
].join('\n')

describe('a real server', () => {
  let berth: BerthProcess
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-keys-'))
    const keysFile = join(folder, 'keys')
    await writeFile(keysFile, KEYS)
    berth = await startBerth({
      env: { BERTH_API_KEYS: keysFile, BERTH_PRELOAD: `${MODEL},no-such-model`, BERTH_PINNED: MODEL },
    })
  })
  afterAll(async () => {
    await berth[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const of = async <Body>(path: string, name: string): Promise<Body> =>
    JSON.parse(
      await (await fetch(berth.url + path, { headers: { authorization: `Bearer ${name}-key` } })).text(),
    )
  const openAi = (name: string) =>
    new OpenAI({ baseURL: `${berth.url}/v1`, apiKey: `${name}-key`, maxRetries: 0 })
  const ask = (name: string, more: object = {}) =>
    openAi(name).chat.completions.create({ model: MODEL, messages, temperature: 0, max_tokens: 24, ...more })

  it('loads at its start what the configuration says and keeps it, with nobody asking; what is not there is told', async () => {
    await eventually(async () =>
      (await of<{ preload: { state: string }[] }>('/api/berth/preload', 'root')).preload.map(
        ({ state }) => state,
      ),
    ).toEqual(['done', 'failed'])
    const { models } = await of<OllamaPsResponse>('/api/ps', 'root')
    expect(models.map(({ name }) => name)).toEqual(['smollm2:latest'])
    const { runners } = await of<BerthQueueResponse>('/api/queue', 'root')
    expect(runners).toMatchObject([{ model: 'smollm2:latest', state: 'ready', pinned: true }])
    expect(await of('/api/berth/pin', 'root')).toEqual({ pinned: ['smollm2:latest'] })
    expect(berth.log()).toContain("no-such-model could not be loaded ahead: model 'no-such-model' not found")
  })

  it('charges a key what its answers took, and says when to come again; another key is not touched', async () => {
    const answer = await ask('ada')
    expect(answer.choices[0]?.message.content).toContain('Paris')
    const used = answer.usage?.total_tokens ?? 0
    expect(used).toBeGreaterThan(20)
    const refused = await ask('ada').then(
      () => 'answered',
      (error: unknown) => error,
    )
    if (!(refused instanceof RateLimitError)) throw refused
    expect(refused.message).toContain('20 a minute is its limit (tokensPerMinute)')
    // What was used over nineteen has to leak, at twenty a minute; some of it has, meanwhile.
    const retryAfter = Number(refused.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(Math.ceil(((used - 19) * 60) / 20))
    const other = await ask('ben', { service_tier: 'flex' })
    expect(other.choices[0]?.message.content).toContain('Paris')
    expect(other.service_tier).toBe('flex')
  })
})
