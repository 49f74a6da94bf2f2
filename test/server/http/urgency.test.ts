import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ApiKeys } from '../../../apps/server/src/access/index.js'
import { harness, json, ndjson, sse, type ErrorBody } from './harness.js'

const messages = [{ role: 'user', content: 'Hello' }]
const BODIES: Readonly<Record<string, object>> = {
  '/api/chat': { model: 'parrot', messages, stream: false },
  '/api/generate': { model: 'parrot', prompt: 'Hello', stream: false },
  '/api/embed': { model: 'parrot', input: 'Hello' },
  '/api/embeddings': { model: 'parrot', prompt: 'Hello' },
  '/v1/chat/completions': { model: 'parrot', messages },
  '/v1/completions': { model: 'parrot', prompt: 'Hello' },
  '/v1/embeddings': { model: 'parrot', input: 'Hello' },
  '/v1/responses': { model: 'parrot', input: 'Hello' },
  '/v1/messages': { model: 'parrot', messages, max_tokens: 8 },
  '/v1/messages/count_tokens': { model: 'parrot', messages },
}
const MODELS = { 'parrot:latest': { capabilities: ['completion', 'embedding'] as const } }

const hash = (key: string) => createHash('sha256').update(key).digest('hex')
const keyLine = (name: string, settings = '') => `${name} user sha256:${hash(`${name}-key`)} ${settings}`
const as = (name: string) => ({ authorization: `Bearer ${name}-key` })

describe('how urgent a request is', () => {
  it('is said by a header or by a field, the same in every API', async () => {
    const { post, requests } = harness({ models: MODELS })
    for (const [path, body] of Object.entries(BODIES)) {
      const asked = [
        await post(path, body),
        await post(path, { ...body, priority: 'batch' }),
        await post(path, { ...body, priority: -1 }),
        await post(path, body, { 'X-Berth-Priority': 'Interactive' }),
      ]
      for (const response of asked) await response.text()
      expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      const classes = ['normal', 'batch', 'interactive', 'interactive']
      expect(asked.map(({ headers }) => headers.get('x-berth-class'))).toEqual(classes)
      expect(requests.splice(0).map(({ class: kind }) => kind)).toEqual(classes)
    }
  })

  it('is vLLM’s number as well: a lower one is sooner', async () => {
    const { post, requests } = harness()
    for (const priority of [-7, 0, 12]) {
      await (await post('/v1/chat/completions', { ...BODIES['/v1/chat/completions'], priority })).text()
    }
    expect(requests.map(({ class: kind }) => kind)).toEqual(['interactive', 'normal', 'batch'])
  })

  it('is OpenAI’s tier, which the answer says in its turn', async () => {
    const { post, requests } = harness()
    const tiers: unknown[] = []
    for (const service_tier of ['auto', 'default', 'scale', 'flex', 'priority']) {
      const answer = await post('/v1/chat/completions', { ...BODIES['/v1/chat/completions'], service_tier })
      tiers.push((await json<{ service_tier: unknown }>(answer)).service_tier)
    }
    expect(tiers).toEqual(['default', 'default', 'default', 'flex', 'priority'])
    expect(requests.map(({ class: kind }) => kind)).toEqual([
      'normal',
      'normal',
      'normal',
      'batch',
      'interactive',
    ])
    const response = await post('/v1/responses', { ...BODIES['/v1/responses'], service_tier: 'flex' })
    expect(await json(response)).toMatchObject({ service_tier: 'flex' })
    const body = { ...BODIES['/v1/chat/completions'], service_tier: 'flex', stream: true }
    const chunks = await sse(await post('/v1/chat/completions', body))
    expect(chunks[0]).toMatchObject({ service_tier: 'flex' })
    const unasked = await post('/v1/chat/completions', BODIES['/v1/chat/completions'])
    expect(await json(unasked)).not.toHaveProperty('service_tier')
  })

  it('is Anthropic’s tier: what is standard is no better than normal', async () => {
    const keys = ApiKeys.parse(keyLine('ada', 'class=interactive'))
    const { post, requests } = harness({ access: { keys } })
    const usages: unknown[] = []
    for (const service_tier of ['auto', 'standard_only']) {
      const answer = await post('/v1/messages', { ...BODIES['/v1/messages'], service_tier }, as('ada'))
      usages.push((await json<{ usage: { service_tier: unknown } }>(answer)).usage.service_tier)
    }
    expect(requests.map(({ class: kind }) => kind)).toEqual(['interactive', 'normal'])
    expect(usages).toEqual(['priority', 'standard'])
  })

  it('is what the header says, before the field, before the tier, before the key', async () => {
    const keys = ApiKeys.parse(keyLine('ada', 'class=batch'))
    const { post, requests } = harness({ access: { keys } })
    const body = BODIES['/v1/chat/completions']
    await post('/v1/chat/completions', body, as('ada'))
    await post('/v1/chat/completions', { ...body, service_tier: 'priority' }, as('ada'))
    await post('/v1/chat/completions', { ...body, service_tier: 'priority', priority: 0 }, as('ada'))
    const header = { ...as('ada'), 'X-Berth-Priority': 'batch' }
    await post('/v1/chat/completions', { ...body, service_tier: 'priority', priority: 0 }, header)
    expect(requests.map(({ class: kind }) => kind)).toEqual(['batch', 'interactive', 'normal', 'batch'])
  })

  it('is no more than the key may have: more is lowered, not refused, and the answer says so', async () => {
    const keys = ApiKeys.parse(keyLine('ada', 'max-class=normal'))
    const { post } = harness({ access: { keys } })
    const response = await post('/api/chat', { ...BODIES['/api/chat'], priority: 'interactive' }, as('ada'))
    expect([response.status, response.headers.get('x-berth-class')]).toEqual([200, 'normal'])
  })

  it('names what is wrong with it', async () => {
    const { post } = harness()
    const header = await post('/api/chat', BODIES['/api/chat'], { 'X-Berth-Priority': 'urgent' })
    expect([header.status, (await json<ErrorBody>(header)).error]).toEqual([
      400,
      'X-Berth-Priority: expected "interactive", "normal" or "batch", got "urgent"',
    ])
    const field = await post('/api/chat', { ...BODIES['/api/chat'], priority: 1.5 })
    expect([field.status, (await json<ErrorBody>(field)).error]).toEqual([
      400,
      'priority: expected "interactive", "normal", "batch" or a whole number, of which a lower one is sooner, got 1.5',
    ])
    const tier = await post('/v1/chat/completions', {
      ...BODIES['/v1/chat/completions'],
      service_tier: 'gold',
    })
    expect(tier.status).toBe(400)
    expect(await json(tier)).toMatchObject({
      error: {
        param: 'service_tier',
        message: 'service_tier: expected "auto", "default", "flex", "scale" or "priority", got "gold"',
      },
    })
  })
})

describe('what the head of an answer says', () => {
  it('is which request it was, its place when it came and how long it waited, streamed lines included', async () => {
    const { post, requests } = harness({ models: { 'parrot:latest': { loadMs: 20 } } })
    const whole = await post('/api/chat', BODIES['/api/chat'])
    const lines = await post('/api/chat', { ...BODIES['/api/chat'], stream: true })
    const events = await post('/v1/chat/completions', { ...BODIES['/v1/chat/completions'], stream: true })
    await ndjson(lines)
    await sse(events)
    expect(requests.length).toBe(3)
    for (const [index, { headers }] of [whole, lines, events].entries()) {
      expect(headers.get('x-berth-request')).toBe(`r${index + 1}`)
      expect(headers.get('x-berth-waited-ms')).toMatch(/^\d+$/)
    }
    expect(whole.headers.get('x-berth-position')).toBe('1')
    expect(Number(whole.headers.get('x-berth-waited-ms'))).toBeGreaterThan(10)
  })
})
