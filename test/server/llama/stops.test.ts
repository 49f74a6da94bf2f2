import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message, Piece, Runner } from '@berth/scheduler'
import { randomGguf } from '../../models/index.js'
import { answerOf, backendOver, chat, load } from './harness.js'

/** Several tokens a word, and a token for each byte of what is not ASCII. */
const SAID = 'alpha beta 🦩🫖 gamma\n\ndelta é.'
const user: Message = { role: 'user', content: 'Hello' }

const textOf = (pieces: readonly Piece[], type: 'text' | 'thinking') =>
  pieces.map((piece) => (piece.type === type ? piece.text : '')).join('')

describe('an answer of the engine ends at a stop string', () => {
  let runner: Runner
  beforeAll(async () => {
    runner = await load(backendOver({ random: await randomGguf() }), 'random', { contextLength: 512 })
  })
  afterAll(() => runner.stop('now'))

  /** What comes of an answer that would be this text: a grammar leaves nothing else to say. */
  const say = async (text: string, stop: readonly string[], template?: string) => {
    const grammar = `root ::= ${JSON.stringify(text)}`
    const job = chat('', {
      prompt: {
        kind: 'messages',
        messages: [user],
        ...(template === undefined ? {} : { template: { language: 'jinja', source: template } }),
      },
      format: { kind: 'gbnf', grammar },
      stop,
      maxTokens: 200,
    })
    return await answerOf(runner.start(job))
  }

  it.each([
    ['its first character', ['a'], ''],
    ['its first word', ['alpha'], ''],
    ['all of it', [SAID], ''],
    ['its last character', ['.'], SAID.slice(0, -1)],
    ['the middle of a word', ['lph'], 'a'],
    ['parts of two words', ['ha be'], 'alp'],
    ['a character of several tokens', ['🦩'], 'alpha beta '],
    ['one of two such neighbours', ['🫖'], 'alpha beta 🦩'],
    ['two such', ['🦩🫖 g'], 'alpha beta '],
    ['a character of two bytes', ['é'], 'alpha beta 🦩🫖 gamma\n\ndelta '],
    ['white space', ['\n\n'], 'alpha beta 🦩🫖 gamma'],
    ['the one that comes first', ['delta', 'gamma', 'beta'], 'alpha '],
    ['the one that is complete first', ['beta 🦩🫖 gamma', 'eta'], 'alpha b'],
    ['the longer of two that end together', ['beta', 'a beta'], 'alph'],
  ])('that is %s', async (_, stop, left) => {
    const { text, finished, pieces } = await say(SAID, stop)
    expect(text).toBe(left)
    expect(finished.reason).toBe('stop')
    expect(stop).toContain(finished.stopText)
    expect(SAID.startsWith(left + (finished.stopText ?? '?'))).toBe(true)
    // Nothing was said that turned out to be part of it, nor half a character.
    for (const piece of pieces) if (piece.type === 'text') expect(piece.text).toMatch(/^[^\uFFFD]+$/)
  })

  it.each([
    ['is not there', ['omega', '🦩 🫖']],
    ['is only begun at the end', ['é.!', '.\n']],
    ['is empty', ['']],
  ])('and has all its text where the stop string %s', async (_, stop) => {
    const { text, finished } = await say(SAID, stop)
    expect(text).toBe(SAID)
    expect(finished).not.toHaveProperty('stopText')
  })

  it('in what it thinks, and says nothing then', async () => {
    const template = '{{ messages[0].content }}<think>{{ enable_thinking }}'
    const inside = await say('Hm, let me see.</think>Yes.', ['let'], template)
    expect(textOf(inside.pieces, 'thinking').trim()).toBe('Hm,')
    expect([inside.text, inside.finished.stopText]).toEqual(['', 'let'])
    const behind = await say('Hm, let me see.</think>Yes, let it.', ['Yes'], template)
    expect(textOf(behind.pieces, 'thinking')).toBe('Hm, let me see.')
    expect([behind.text, behind.finished.stopText]).toEqual(['', 'Yes'])
    const tag = await say('Hm.</think>Yes.', ['</think>'], template)
    expect([textOf(tag.pieces, 'thinking'), tag.text]).toEqual(['Hm.', ''])
  })
})
