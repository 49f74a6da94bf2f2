import { describe, expect, it } from 'vitest'
import { checkAsk } from '../../../apps/web/src/host/check-ask.js'
import { checkCall, checkMessage } from '../../../apps/web/src/host/check-message.js'
import type { Ask } from '../../../apps/web/src/host/index.js'

const ASK: Ask = {
  id: 'one',
  model: 'toy',
  where: 'auto',
  wish: { contextLength: 512, kvType: 'q8_0' },
  keepAliveMs: -1,
  job: {
    kind: 'generate',
    prompt: { kind: 'messages', messages: [{ role: 'user', content: 'Hi', images: [new Uint8Array(3)] }] },
    sampling: { temperature: 0.5, seed: 7 },
    maxTokens: 3,
    stop: ['.'],
    overflow: { prompt: 'truncate', answer: 'shift' },
    format: { kind: 'json-schema', schema: {} },
    logprobs: { top: 2 },
  },
}

describe('a request at the border', () => {
  it('passes as it is', () => {
    expect(checkAsk(ASK)).toBe(ASK)
  })

  it.each<[string, unknown]>([
    ['`ask` to be an object, got null', null],
    ['`ask.id` to be text of 1 to 1000 characters, got 7', { ...ASK, id: 7 }],
    ['`ask.where` to be one of "auto", "browser", "server", got "moon"', { ...ASK, where: 'moon' }],
    ['`ask.keepAliveMs` to be a number, got null', { ...ASK, keepAliveMs: Number.NaN }],
    ['`ask.wish.contextLength` to be a whole number from 1, got 0', { ...ASK, wish: { contextLength: 0 } }],
    ['`ask.job.maxTokens` to be a whole number from 1, got 0.5', job({ maxTokens: 0.5 })],
    ['`ask.job.stop[0]` to be text, got 1', job({ stop: [1] })],
    ['`ask.job.sampling.topP` to be a number, got "high"', job({ sampling: { topP: 'high' } })],
    [
      '`ask.job.overflow.answer` to be one of "shift", "stop", got nothing',
      job({ overflow: { prompt: 'fail' } }),
    ],
    [
      '`ask.job.prompt.messages[0].role` to be one of "system", "user", "assistant", "tool", got "god"',
      job({ prompt: { kind: 'messages', messages: [{ role: 'god', content: '' }] } }),
    ],
    ['`ask.job.prompt.text` to be text, got nothing', job({ prompt: { kind: 'raw' } })],
    ['`ask.job.format.grammar` to be text, got nothing', job({ format: { kind: 'gbnf' } })],
  ])('is refused: %s', (message, ask) => {
    expect(() => checkAsk(ask)).toThrow(`Expected ${message}`)
  })
})

function job(change: object): unknown {
  return { ...ASK, job: { ...ASK.job, ...change } }
}

describe('a message at the border', () => {
  it.each([
    { type: 'hello', tab: 't' },
    { type: 'cancel', tab: 't', id: 'one' },
    { type: 'watch', tab: 't', on: true },
    { type: 'call', tab: 't', id: 'c', name: 'refresh', args: [] },
    { type: 'ask', tab: 't', ask: { id: 'one' } },
  ])('passes: $type', (message) => {
    expect(checkMessage(message)).toBe(message)
  })

  it.each([
    ['message.tab', { type: 'hello' }],
    ['message.type', { type: 'bye', tab: 't' }],
    ['message.name', { type: 'call', tab: 't', id: 'c', name: 'constructor', args: [] }],
    ['message.ask.id', { type: 'ask', tab: 't', ask: {} }],
  ])('is refused by its field %s', (field, message) => {
    expect(() => checkMessage(message)).toThrow(`\`${field}\``)
  })

  it('has the arguments that its call takes', () => {
    expect(() => checkCall('download', [])).toThrow('`model`')
    expect(() => checkCall('pin', ['m', 'yes'])).toThrow('`pinned` to be true or false')
    expect(() => checkCall('refresh', [])).not.toThrow()
  })
})
