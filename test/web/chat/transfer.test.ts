import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fileName } from '../../../apps/web/src/chat/transfer.js'
import {
  PLAIN_SETTINGS,
  fromJson,
  fromMarkdown,
  toJson,
  toMarkdown,
} from '../../../apps/web/src/storage/index.js'
import type { ChatMessage, Conversation } from '../../../apps/web/src/storage/index.js'

let made = 0
const newId = () => `new-${(made += 1)}`

const CONVERSATION: Conversation = {
  id: 'c',
  title: 'Tides',
  titled: 'user',
  created: 1_000,
  updated: 2_000,
  leaf: 'answer-2',
  model: 'smol',
  where: 'browser',
  settings: { ...PLAIN_SETTINGS, system: 'Be brief.\nBe kind.', temperature: 0.3, seed: 7 },
  deleted: null,
}

function message(id: string, parent: string | null, text: string, role: 'user' | 'assistant'): ChatMessage {
  return {
    id,
    conversation: 'c',
    parent,
    role,
    at: 1_000,
    text,
    attachments: [],
    answer:
      role === 'user'
        ? null
        : {
            state: 'done',
            thinking: 'hm',
            model: { id: 'smol', name: 'SmolLM2', place: 'browser' },
            figures: {
              promptTokens: 4,
              cachedTokens: 0,
              tokens: 9,
              firstMs: 12.5,
              waitedMs: 1,
              tokensPerSecond: null,
              estimated: false,
            },
            cut: false,
            problem: null,
          },
  }
}

const content = ({ role, at, text, answer }: ChatMessage) => ({ role, at, text, answer })

const MESSAGES = [
  {
    ...message('question', null, 'Why tides?', 'user'),
    attachments: [
      { id: 'f1', name: 'moon.txt', type: 'text/plain', bytes: 4, kind: 'text' as const },
      { id: 'f2', name: 'moon.png', type: 'image/png', bytes: 3, kind: 'image' as const },
    ],
  },
  message('answer-1', 'question', 'The moon.', 'assistant'),
  message('answer-2', 'question', 'The moon and the sun.', 'assistant'),
]
const FILES = new Map<string, string | Uint8Array<ArrayBuffer>>([
  ['f1', 'luna'],
  ['f2', new Uint8Array([137, 80, 255])],
])

describe('conversations as JSON', () => {
  test('come back as they went, all branches and files, under new ids', () => {
    const [back, ...others] = fromJson(
      toJson([{ conversation: CONVERSATION, messages: MESSAGES, files: FILES }]),
      newId,
    )
    expect(others).toEqual([])
    if (back === undefined) throw new Error('Nothing came back')
    const byText = (text: string) => back.messages.find((one) => one.text === text)
    const question = byText('Why tides?')
    expect(back.conversation).toEqual({
      ...CONVERSATION,
      id: back.conversation.id,
      leaf: byText('The moon and the sun.')?.id,
    })
    expect(back.messages.map(content)).toEqual(MESSAGES.map(content))
    expect(back.messages.map((one) => one.parent)).toEqual([null, question?.id, question?.id])
    expect(back.messages.every((one) => one.conversation === back.conversation.id)).toBe(true)
    expect(question?.attachments.map((file) => [file.name, back.files.get(file.id)])).toEqual([
      ['moon.txt', 'luna'],
      ['moon.png', new Uint8Array([137, 80, 255])],
    ])
    const old = new Set(['c', 'f1', 'f2', ...MESSAGES.map((one) => one.id)])
    expect(
      [back.conversation.id, ...back.messages.map((one) => one.id), ...back.files.keys()].some((id) =>
        old.has(id),
      ),
    ).toBe(false)
  })

  test.each([
    ['not JSON', 'hello', /not JSON/],
    ['another format', '{"format":"other"}', /Expected "format" to be "berth-conversations", got "other"/],
    ['a later version', '{"format":"berth-conversations","version":9}', /Expected "version" to be 1, got 9/],
    [
      'a message without a text',
      '{"format":"berth-conversations","version":1,"conversations":[{"messages":[{"id":"a","role":"user","parent":null,"at":1}]}]}',
      /Expected conversations\[0\]\.messages\[0\]\.text to be text, got nothing/,
    ],
    [
      'a parent that is not there',
      '{"format":"berth-conversations","version":1,"conversations":[{"messages":[{"id":"a","role":"user","parent":"b","at":1,"text":""}]}]}',
      /messages\[0\]\.parent to be a message of the conversation, got "b"/,
    ],
  ])('%s is refused with the place where', (_, text, words) => {
    expect(() => fromJson(text, newId)).toThrow(words)
  })
})

describe('a conversation as Markdown', () => {
  test('comes back with its texts, whatever is in them', () => {
    const line = fc.constantFrom(
      '',
      'text',
      '# heading',
      '## You',
      '<!-- berth user 2026-01-01T00:00:00.000Z -->',
      String.raw`\<!-- berth user x -->`,
      '```',
      '> quoted',
      '    code  ',
    )
    const text = fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (texts) => {
        const path = texts.map((one, index) =>
          message(
            `m${index}`,
            index === 0 ? null : `m${index - 1}`,
            one,
            index % 2 === 0 ? 'user' : 'assistant',
          ),
        )
        const back = fromMarkdown(toMarkdown(CONVERSATION, path), newId, 5)
        expect(back.messages.map((one) => [one.role, one.text, one.at])).toEqual(
          path.map((one) => [one.role, one.text, one.at]),
        )
        expect(back.conversation.title).toBe('Tides')
        expect(back.conversation.settings.system).toBe('Be brief.\nBe kind.')
        expect(back.messages.map((one) => one.parent)).toEqual([
          null,
          ...back.messages.slice(0, -1).map((one) => one.id),
        ])
      }),
    )
  })

  test('is taken from headings where somebody else wrote it', () => {
    const back = fromMarkdown(
      '# Talk\n\n## User\nHello\n\n## ChatBot\nHi\n```\n## no heading\n```\n',
      newId,
      5,
    )
    expect(back.messages.map((one) => [one.role, one.text])).toEqual([
      ['user', 'Hello'],
      ['assistant', 'Hi\n```\n## no heading\n```'],
    ])
  })

  test('is refused without a message', () => {
    expect(() => fromMarkdown('# Only a title', newId, 5)).toThrow(/Expected headings "## You"/)
  })
})

test('a title becomes a name for a file', () => {
  expect(fileName('What is 1/2? "half": yes.')).toBe('What is 1 2 half yes')
  expect(fileName('...')).toBe('conversation')
})
