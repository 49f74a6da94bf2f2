import { describe, expect, it } from 'vitest'
import { parseModelfile } from '../../../apps/server/src/cli/modelfile/parse-modelfile.js'

describe('a Modelfile', () => {
  it('has its instructions in any order and any case, with comments between them', () => {
    const text = [
      '# A pirate',
      'parameter temperature 0.2',
      'System You are a pirate.',
      '',
      '  # indented',
      'FROM smollm2:135m',
      'ADAPTER ./arr.gguf',
      'License Free',
    ].join('\n')
    expect(parseModelfile(text)).toEqual({
      from: 'smollm2:135m',
      adapters: ['./arr.gguf'],
      parameters: { temperature: 0.2 },
      system: 'You are a pirate.',
      licenses: ['Free'],
      messages: [],
    })
  })

  it('has texts of several lines between three quotes, just as they stand', () => {
    const text = 'FROM a\nSYSTEM """You are\n  # no comment\n"a" pirate. """\nTEMPLATE """{{ .Prompt }}"""\n'
    expect(parseModelfile(text)).toMatchObject({
      system: 'You are\n  # no comment\n"a" pirate. ',
      template: '{{ .Prompt }}',
    })
  })

  it('keeps the end of a line that a block begins on', () => {
    expect(parseModelfile('FROM a\r\nSYSTEM """one  \r\ntwo\r\n"""\r\n').system).toBe('one  \ntwo\n')
  })

  it.each([
    ['temperature 0.5', { temperature: 0.5 }],
    ['num_ctx 4096', { num_ctx: 4096 }],
    ['seed -1', { seed: -1 }],
    ['use_mmap false', { use_mmap: false }],
    ['stop <|im_end|>', { stop: ['<|im_end|>'] }],
    ['stop "User: "', { stop: ['User: '] }],
    ['stop 42', { stop: ['42'] }],
  ])('has the parameter %s', (line, parameters) => {
    expect(parseModelfile(`FROM a\nPARAMETER ${line}`).parameters).toEqual(parameters)
  })

  it('makes a list of stops, and takes the last of any other parameter', () => {
    const text = 'FROM a\nPARAMETER stop a\nPARAMETER top_k 1\nPARAMETER stop b\nPARAMETER top_k 2'
    expect(parseModelfile(text).parameters).toEqual({ stop: ['a', 'b'], top_k: 2 })
  })

  it('has a conversation to begin with', () => {
    const text = 'FROM a\nMESSAGE user Hello\nMESSAGE assistant """Arr,\nmatey"""\nMESSAGE SYSTEM "Be brief."'
    expect(parseModelfile(text).messages).toEqual([
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Arr,\nmatey' },
      { role: 'system', content: 'Be brief.' },
    ])
  })

  it.each([
    ['SYSTEM Hello', 'no FROM line'],
    ['', 'no FROM line'],
    ['FROM a\nFROM b', 'two FROM lines, a and b'],
    ['FROM', 'line 1: expected something after FROM'],
    ['FROM a\n\nFORM b', 'line 3: expected one of FROM, ADAPTER, PARAMETER'],
    ['FROM a\nSYSTEM """no end', 'line 2: the text after """ has no end'],
    ['FROM a\nPARAMETER temperature', 'line 2: expected PARAMETER NAME VALUE'],
    ['FROM a\nMESSAGE robot Hello', 'line 2: expected MESSAGE with system, user, assistant'],
  ])('that is wrong is told of with its line: %j', (text, message) => {
    expect(() => parseModelfile(text)).toThrow(message)
  })
})
