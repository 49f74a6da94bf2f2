import type { Piece, Runner, Tool } from '@berth/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomGguf } from '../../models/index.js'
import { answerOf, backendOver, chat, load } from './harness.js'

const TURNS = '{% for message in messages %}{{ message.content }}{% endfor %}'
const HERMES = `${TURNS}{% if tools %}<tool_call>{% endif %}{{ enable_thinking }}<think>`
const add: readonly Tool[] = [{ name: 'add', parameters: { type: 'object' } }]

/** What an answer is read as that is this text: a grammar leaves the model nothing else to say. */
async function readAs(runner: Runner, text: string, tools: readonly Tool[] = [], template = HERMES) {
  const grammar = `root ::= ${JSON.stringify(text)}`
  const run = runner.start(
    chat('', {
      prompt: {
        kind: 'messages',
        messages: [{ role: 'user', content: 'Hello' }],
        template: { language: 'jinja', source: `${template} assistant` },
        tools,
      },
      format: { kind: 'gbnf', grammar },
      maxTokens: 400,
    }),
  )
  return (await answerOf(run)).pieces
}

const written = (a: number, field = 'arguments') => `{"name": "add", "${field}": {"a": ${a}}}`
const call = (a: number) => `<tool_call>${written(a)}</tool_call>`

const joined = (pieces: readonly Piece[], type: 'text' | 'thinking') =>
  pieces.map((piece) => (piece.type === type ? piece.text : '')).join('')

describe('an answer of the engine', () => {
  let runner: Runner
  beforeAll(async () => {
    runner = await load(backendOver({ random: await randomGguf() }), 'random', { contextLength: 1024 })
  })
  afterAll(() => runner.stop('now'))

  it('has its thinking apart from its text', async () => {
    const pieces = await readAs(runner, '<think>\nHm.\n</think>\n\nYes.')
    expect(joined(pieces, 'thinking')).toBe('Hm.')
    expect(joined(pieces, 'text')).toBe('Yes.')
  })

  it('has tool calls as calls, each with a name of its own, and ends for them', async () => {
    const pieces = await readAs(runner, `Adding. ${call(1)}\n${call(2)}`, add)
    expect(joined(pieces, 'text')).toBe('Adding. ')
    const calls = pieces.flatMap((piece) => (piece.type === 'tool-call' ? [piece.call] : []))
    expect(calls).toMatchObject([
      { name: 'add', arguments: { a: 1 } },
      { name: 'add', arguments: { a: 2 } },
    ])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
    expect(pieces.at(-1)).toMatchObject({ type: 'finished', reason: 'tool-calls' })
  })

  it.each([
    ['Hermes and Qwen', HERMES, call(1) + call(2)],
    [
      'Mistral',
      `${TURNS}[AVAILABLE_TOOLS][TOOL_CALLS]`,
      '[TOOL_CALLS]add[ARGS]{"a": 1}[TOOL_CALLS]add[ARGS]{"a": 2}',
    ],
    ['Mistral, older', `${TURNS}[TOOL_CALLS]`, `[TOOL_CALLS][${written(1)}, ${written(2)}]`],
    [
      'Llama 3',
      `${TURNS}<|python_tag|>{{ tools }}`,
      `${written(1, 'parameters')}; ${written(2, 'parameters')}`,
    ],
    ['no syntax of its own', `${TURNS}{{ tools }}`, `[${written(1)}, ${written(2)}]`],
  ])('has several calls as %s spells them', async (_, template, text) => {
    const pieces = await readAs(runner, text, add, template)
    expect(joined(pieces, 'text')).toBe('')
    expect(pieces.flatMap((piece) => (piece.type === 'tool-call' ? [piece.call.arguments] : []))).toEqual([
      { a: 1 },
      { a: 2 },
    ])
    expect(pieces.at(-1)).toMatchObject({ type: 'finished', reason: 'tool-calls' })
  })

  it('is text where there is nothing to be told apart', async () => {
    const pieces = await readAs(runner, 'Yes: <tool_call>{"name": "add"}</tool_call>')
    expect(joined(pieces, 'text')).toBe('Yes: <tool_call>{"name": "add"}</tool_call>')
    expect(pieces.at(-1)).toMatchObject({ reason: 'stop' })
  })

  it('counts every token once, wherever its text went', async () => {
    const pieces = await readAs(runner, '<think>Hm.</think>Yes, indeed.')
    const tokens = pieces.reduce((sum, piece) => sum + ('tokens' in piece ? piece.tokens : 0), 0)
    const last = pieces.at(-1)
    expect(last?.type === 'finished' && last.metrics.decodedTokens).toBe(tokens)
  })
})

describe('a job that must call a tool', () => {
  let runner: Runner
  beforeAll(async () => {
    runner = await load(backendOver({ random: await randomGguf() }), 'random', { contextLength: 1024 })
  })
  afterAll(() => runner.stop('now'))

  const unit = { type: 'object', properties: { unit: { enum: ['celsius', 'kelvin'] } } }
  const both = [
    { name: 'heat', parameters: unit },
    { name: 'cool', parameters: unit },
  ]

  it.each([
    ['whichever', 'required', /^(heat|cool)$/],
    ['by its name', { name: 'cool' }, /^cool$/],
  ] as const)('calls it, %s, with arguments that keep to its schema', async (_, toolChoice, name) => {
    const prompt = { kind: 'messages', messages: [{ role: 'user', content: 'Hello' }] } as const
    const run = runner.start(chat('', { prompt: { ...prompt, tools: both, toolChoice }, maxTokens: 400 }))
    const { pieces, text, finished } = await answerOf(run)
    const calls = pieces.flatMap((piece) => (piece.type === 'tool-call' ? [piece.call] : []))
    expect(calls).toHaveLength(1)
    expect(calls[0]?.name).toMatch(name)
    expect(['celsius', 'kelvin']).toContain(calls[0]?.arguments['unit'])
    expect([text, finished.reason]).toEqual(['', 'tool-calls'])
  })
})
