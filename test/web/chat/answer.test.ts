import { describe, expect, test } from 'vitest'
import {
  beginAnswer,
  endAnswer,
  rateSoFar,
  stepAnswer,
} from '../../../apps/web/src/chat/answer/live-answer.js'
import type { LiveAnswer } from '../../../apps/web/src/chat/answer/live-answer.js'
import { GO_ON, fileText, makeJob, wishOf } from '../../../apps/web/src/chat/answer/make-job.js'
import type { AskEvent } from '../../../apps/web/src/host/index.js'
import { PLAIN_SETTINGS } from '../../../apps/web/src/storage/index.js'
import type { Attachment, ChatMessage } from '../../../apps/web/src/storage/index.js'

const METRICS = { promptTokens: 20, cachedTokens: 5, promptMs: 100, decodedTokens: 40, decodeMs: 2_000 }
const text = (words: string): AskEvent => ({
  type: 'pieces',
  pieces: [{ type: 'text', text: words, tokens: 2 }],
})

/** An answer after these events, one every 100 ms. */
function after(events: readonly AskEvent[]): LiveAnswer {
  return events.reduce(
    (live, event, index) => stepAnswer(live, event, 100 * (index + 1)),
    beginAnswer(0, { text: '', thinking: '' }),
  )
}

describe('an answer as it grows', () => {
  test('waits, reads, thinks, answers and ends with its figures', () => {
    const waiting: AskEvent = { type: 'waiting', position: 2, why: 'busy', loading: null }
    expect(after([waiting]).phase).toMatchObject({ name: 'waiting', position: 2, why: 'busy' })
    const started: AskEvent = { type: 'started', model: 'smol', waitedMs: 70 }
    expect(after([waiting, started]).phase).toEqual({ name: 'prompt', tokens: 0, of: 0 })
    const thinking: AskEvent = { type: 'pieces', pieces: [{ type: 'thinking', text: 'hm', tokens: 1 }] }
    const finished: AskEvent = {
      type: 'pieces',
      pieces: [{ type: 'finished', reason: 'stop', metrics: METRICS }],
    }
    const live = after([waiting, started, thinking, text('Par'), text('is'), finished])
    expect(live).toMatchObject({
      text: 'Paris',
      thinking: 'hm',
      state: 'done',
      cut: false,
      answeredBy: 'smol',
    })
    expect(live.figures).toEqual({
      promptTokens: 20,
      cachedTokens: 5,
      tokens: 40,
      firstMs: 300,
      waitedMs: 70,
      tokensPerSecond: 20,
      estimated: false,
    })
  })

  test('says that it was cut where it was long enough', () => {
    const cut: AskEvent = {
      type: 'pieces',
      pieces: [{ type: 'finished', reason: 'length', metrics: METRICS }],
    }
    expect(after([text('a'), cut]).cut).toBe(true)
  })

  test('counts tokens a second between the first and the last', () => {
    expect(rateSoFar(after([text('a')]))).toBeNull()
    // Five tokens after the first in 200 ms.
    expect(rateSoFar(after([text('a'), text('b'), text('c')]))).toBeCloseTo(25)
  })

  test('keeps what had come when it fails; what was cut off by a tab’s end is interrupted', () => {
    const lost: AskEvent = { type: 'failed', error: { from: 'backend', code: 'lost', message: 'gone' } }
    const gone: AskEvent = { type: 'failed', error: { from: 'host', code: 'host-gone', message: 'gone' } }
    expect(after([text('a'), lost])).toMatchObject({
      text: 'a',
      state: 'failed',
      problem: { code: 'lost', message: 'gone', retryAfterMs: null },
    })
    expect(after([text('a'), gone])).toMatchObject({ text: 'a', state: 'interrupted' })
  })

  test('changes no more when it is over', () => {
    const stopped = endAnswer(after([text('a')]), 'stopped')
    expect(stepAnswer(stopped, text('b'), 500)).toBe(stopped)
    expect(endAnswer(stopped, 'interrupted')).toBe(stopped)
    expect(stopped).toMatchObject({ state: 'stopped', text: 'a' })
  })
})

function question(words: string, attachments: readonly Attachment[] = []): ChatMessage {
  return {
    id: words,
    conversation: 'c',
    parent: null,
    role: 'user',
    at: 0,
    text: words,
    attachments,
    answer: null,
  }
}

function answer(words: string): ChatMessage {
  const model = { id: 'smol', name: 'SmolLM2', place: null }
  return {
    ...question(words),
    role: 'assistant',
    answer: { state: 'done', thinking: '', model, figures: null, cut: false, problem: null },
  }
}

const file = (id: string, kind: 'text' | 'image') => ({ id, name: `${id}.x`, type: '', bytes: 1, kind })

const messagesOf = (...parameters: Parameters<typeof makeJob>) => {
  const { prompt } = makeJob(...parameters)
  return prompt.kind === 'messages' ? prompt.messages : []
}

describe('the job of a conversation', () => {
  test('has the system prompt first, and the branch', () => {
    const settings = { ...PLAIN_SETTINGS, system: ' Be brief. ' }
    expect(messagesOf([question('a'), answer('b'), question('c')], new Map(), settings, false)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ])
  })

  test('leaves out answers without a text, and has turns alternate', () => {
    expect(messagesOf([question('a'), answer(''), question('b')], new Map(), PLAIN_SETTINGS, false)).toEqual([
      { role: 'user', content: 'a\n\nb' },
    ])
  })

  test('asks to go on after an answer that broke off', () => {
    expect(messagesOf([question('a'), answer('b')], new Map(), PLAIN_SETTINGS, true).at(-1)).toEqual({
      role: 'user',
      content: GO_ON,
    })
  })

  test('has files before the text, and images beside it', () => {
    const image = new Uint8Array([1])
    const files = new Map<string, string | Uint8Array<ArrayBuffer>>([
      ['t', 'content'],
      ['i', image],
    ])
    expect(
      messagesOf([question('See', [file('t', 'text'), file('i', 'image')])], files, PLAIN_SETTINGS, false),
    ).toEqual([{ role: 'user', content: 'File t.x:\n```\ncontent\n```\n\nSee', images: [image] }])
    expect(fileText('a.md', '```js\n```')).toBe('File a.md:\n````\n```js\n```\n````')
  })

  test('has only the sampling that was set', () => {
    const settings = { ...PLAIN_SETTINGS, temperature: 0, seed: 7, maxTokens: 50, contextLength: 2_048 }
    expect(makeJob([question('a')], new Map(), settings, false)).toMatchObject({
      sampling: { temperature: 0, seed: 7 },
      maxTokens: 50,
    })
    expect(makeJob([question('a')], new Map(), PLAIN_SETTINGS, false)).not.toHaveProperty('maxTokens')
    expect(wishOf(settings)).toEqual({ contextLength: 2_048 })
    expect(wishOf(PLAIN_SETTINGS)).toBeUndefined()
  })
})
