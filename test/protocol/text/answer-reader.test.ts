import { AnswerReader, answerFormat, type AnswerPart } from '@berth/protocol'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const QWEN = '{% if tools %}<tools>{{ tools }}</tools><tool_call>{% endif %}{{ enable_thinking }}<think>'
const MISTRAL = '{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS]'
const LLAMA = '{% if tools %}{"name": function name, "parameters": …}<|python_tag|>{% endif %}'

/** What is read of an answer that arrives in the given parts; neighbours of one kind joined. */
function read(template: string, parts: readonly string[], prompt = 'assistant\n', tools = ['add', 'now']) {
  const reader = new AnswerReader(answerFormat(template, prompt, tools.length > 0), tools)
  const joined: AnswerPart[] = []
  for (const part of [...parts.flatMap((text) => reader.push(text)), ...reader.flush()]) {
    const last = joined.at(-1)
    if (part.type !== 'tool-call' && last?.type === part.type) {
      joined[joined.length - 1] = { type: part.type, text: last.text + part.text }
    } else joined.push(part)
  }
  return joined
}

const text = (of: string) => ({ type: 'text', text: of })
const thinking = (of: string) => ({ type: 'thinking', text: of })
const call = (name: string, args: object) => ({ type: 'tool-call', call: { name, arguments: args } })

describe('thinking', () => {
  it('is told from the answer, without its tags and the white space at them', () => {
    expect(read(QWEN, ['<think>\nHm.\n</think>\n\nYes.'])).toEqual([thinking('Hm.'), text('Yes.')])
  })

  it('may have begun in the prompt already', () => {
    expect(read(QWEN, ['Hm.\n</think>\nYes.'], 'assistant\n<think>\n')).toEqual([
      thinking('Hm.'),
      text('Yes.'),
    ])
  })

  it('that is empty, as where it was told not to think, is nothing', () => {
    expect(read(QWEN, ['<think>\n\n</think>\n\nYes.'])).toEqual([text('Yes.')])
  })

  it('that never ends is thinking all the same', () => {
    expect(read(QWEN, ['<think>Hm. </thin'])).toEqual([thinking('Hm. </thin')])
  })

  it('is not what an answer says of its tags later on', () => {
    expect(read(QWEN, ['The tag <think> opens it.'])).toEqual([text('The tag <think> opens it.')])
  })

  it.each([
    ['<thinking>', '</thinking>'],
    ['<reasoning>', '</reasoning>'],
    ['[THINK]', '[/THINK]'],
    ['<seed:think>', '</seed:think>'],
  ])('is known by %s too', (open, close) => {
    expect(read(`… ${open} …`, [`${open}Hm.${close}Yes.`])).toEqual([thinking('Hm.'), text('Yes.')])
  })

  it('is nothing to a model that does not think', () => {
    expect(read(MISTRAL, ['<think>Hm.</think>'])).toEqual([text('<think>Hm.</think>')])
  })
})

describe('tool calls', () => {
  it.each([
    ['Hermes', QWEN, 'Let me see.\n<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'],
    [
      'Qwen coder',
      QWEN,
      'Let me see.\n<tool_call>\n<function=add>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>',
    ],
    ['Mistral', MISTRAL, 'Let me see.\n[TOOL_CALLS][{"name": "add", "arguments": {"a": 1}}]'],
    ['Mistral, newer', MISTRAL, 'Let me see.\n[TOOL_CALLS]add[ARGS]{"a": 1}'],
    ['Mistral, with an id', MISTRAL, 'Let me see.\n[TOOL_CALLS]add[CALL_ID]x1[ARGS]{"a": 1}'],
  ])('of %s are told from text', (_, template, answer) => {
    expect(read(template, [answer])).toEqual([text('Let me see.\n'), call('add', { a: 1 })])
  })

  it.each([
    ['Llama 3', LLAMA, '{"name": "add", "parameters": {"a": 1}}; {"name": "now", "parameters": {}}'],
    ['Llama 3, with its mark', LLAMA, '<|python_tag|>{"name":"add","parameters":{"a":1}}\n{"name":"now"}'],
    ['no syntax, fenced', 'none', '```json\n[{"name":"add","arguments":{"a":1}},{"name":"now"}]\n```'],
    [
      'Hermes',
      QWEN,
      '<tool_call>{"name":"add","arguments":"{\\"a\\":1}"}</tool_call>\n<tool_call>{"name":"now"}</tool_call>\n',
    ],
    ['Hermes, a list', QWEN, '<tool_call>[{"name":"add","arguments":{"a":1}},{"name":"now"}]</tool_call>'],
    [
      'Hermes, cut off',
      QWEN,
      '<tool_call>{"name":"add","arguments":{"a":1}}</tool_call><tool_call>{"name":"now"}',
    ],
    ['Mistral', MISTRAL, '[TOOL_CALLS]add[ARGS]{"a":1}[TOOL_CALLS]now[ARGS]{}'],
  ])('of %s may be several', (_, template, answer) => {
    expect(read(template, [answer])).toEqual([call('add', { a: 1 }), call('now', {})])
  })

  it('may come after thinking', () => {
    const answer = '<think>Add.</think>\n<tool_call>{"name":"add","arguments":{}}</tool_call>'
    expect(read(QWEN, [answer])).toEqual([thinking('Add.'), call('add', {})])
  })

  it.each([
    ['no call', QWEN, '<tool_call>add 1 and 2</tool_call>'],
    ['a call of no tool there is', LLAMA, '{"name": "subtract", "parameters": {}}'],
    ['JSON that is no call', LLAMA, '{"a": [1, "}"]} is JSON.'],
    ['JSON that does not end', LLAMA, '{"name": "add", "parameters": {'],
    ['code in a fence', LLAMA, '```\nlet a = 1\n```'],
    ['a mark alone', MISTRAL, 'The mark is [TOOL_CALLS] and means'],
    ['a call in the middle of talk', LLAMA, 'Say {"name": "add", "parameters": {}} to add.'],
  ])('that are %s stay text, all of it', (_, template, answer) => {
    expect(read(template, [answer])).toEqual([text(answer)])
  })

  it('are text to a job without tools', () => {
    const answer = '<tool_call>{"name":"add","arguments":{}}</tool_call>'
    expect(read(QWEN, [answer], '', [])).toEqual([text(answer)])
  })
})

it('reads the same whatever the borders of the parts', () => {
  const marks = [
    '<think>',
    '</think>',
    '<tool_call>',
    '</tool_call>',
    '[TOOL_CALLS]',
    '[ARGS]',
    '<|python_tag|>',
  ]
  const bits = [
    '\n',
    ' ',
    'Yes',
    '{"name":"add","arguments":{"a":"}"}}',
    'add',
    '{',
    '}',
    '"',
    '```',
    '```json',
    ';',
    '<',
    '[',
  ]
  const words = fc.constantFrom(...marks, ...bits)
  fc.assert(
    fc.property(
      fc.constantFrom(QWEN, MISTRAL, LLAMA),
      fc.array(words, { maxLength: 12 }),
      fc.array(fc.nat({ max: 9 })),
      (template, all, sizes) => {
        const answer = all.join('')
        const parts: string[] = []
        let at = 0
        for (const size of sizes) {
          parts.push(answer.slice(at, at + size))
          at += size
        }
        parts.push(answer.slice(at))
        expect(read(template, parts)).toEqual(read(template, [answer]))
      },
    ),
    { numRuns: 2_000 },
  )
})
