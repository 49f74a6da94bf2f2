import { PLAIN_ANSWER } from '@berth/protocol'
import { describe, expect, test } from 'vitest'
import { AnswerText } from '../../../apps/web/src/webllm/worker/answer-text.js'

/** What comes out of an answer that grows to these lengths, part by part, and then ends. */
function told(
  answer: string,
  stop: readonly string[],
  thinks = false,
): { parts: string[]; stopped: boolean } {
  const thinking = { open: '<think>', close: '</think>', begun: false }
  const text = new AnswerText(stop, thinks ? { thinking, tools: null } : PLAIN_ANSWER)
  const parts: string[] = []
  const take = (given: ReturnType<AnswerText['grow']>): void => {
    for (const part of given) if (part.type !== 'tool-call') parts.push(`${part.type}:${part.text}`)
  }
  for (let length = 1; length <= answer.length; length += 1) take(text.grow(answer.slice(0, length)))
  take(text.end(answer))
  return { parts, stopped: text.stopped }
}

function joined(parts: readonly string[], type: string): string {
  return parts
    .filter((part) => part.startsWith(`${type}:`))
    .map((part) => part.slice(type.length + 1))
    .join('')
}

describe('the text of an answer that grows', () => {
  test.each([
    ['no stop text', 'one two', [], 'one two', false],
    ['up to the stop text', 'one END two', ['END'], 'one ', true],
    ['up to the one that is complete first', 'a bcd e', ['bcd e', 'c'], 'a b', true],
    ['what only began like a stop text', 'one EN', ['END'], 'one EN', false],
    ['a stop text that begins within its own beginning', 'aaab', ['aab'], 'a', true],
    ['no empty stop text', 'one', [''], 'one', false],
  ])('is given out: %s', (_name, answer, stop, text, stopped) => {
    const given = told(answer, stop)
    expect(joined(given.parts, 'text')).toBe(text)
    expect(given.stopped).toBe(stopped)
  })

  test('never has half a character in it, and keeps what is none for the end', () => {
    const text = new AnswerText([], PLAIN_ANSWER)
    expect(text.grow('a\uFFFD')).toEqual([{ type: 'text', text: 'a' }])
    expect(text.grow('a\uFFFD\uFFFD')).toEqual([])
    expect(text.grow('a😀')).toEqual([{ type: 'text', text: '😀' }])
    expect(text.end('a😀\uFFFD')).toEqual([{ type: 'text', text: '\uFFFD' }])
  })

  test('tells thinking from text', () => {
    const { parts } = told('<think>hm</think>yes', [], true)
    expect(joined(parts, 'thinking')).toBe('hm')
    expect(joined(parts, 'text')).toBe('yes')
  })

  test('goes on where another left off', () => {
    const first = new AnswerText(['END'], PLAIN_ANSWER)
    first.grow('one E')
    const second = new AnswerText(['END'], PLAIN_ANSWER)
    second.skip('one E', first.released)
    expect(second.grow('one EN')).toEqual([])
    expect(second.grow('one ENx')).toEqual([{ type: 'text', text: 'ENx' }])
  })
})
