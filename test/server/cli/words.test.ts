import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { WordWrap } from '../../../apps/server/src/cli/chat/word-wrap.js'
import { Progress } from '../../../apps/server/src/cli/output/progress.js'
import { table } from '../../../apps/server/src/cli/output/table.js'
import { ago, fileSize, until } from '../../../apps/server/src/cli/output/words.js'
import { serverUrl } from '../../../apps/server/src/cli/server-address.js'
import { suggestModel } from '../../../apps/server/src/cli/suggest-model.js'

describe('a table', () => {
  const rows = [
    ['NAME', 'WHY'],
    ['smollm2:135m', 'the CPU computes, for there is no GPU'],
    ['a', 'b'],
  ]

  it('is aligned, without blanks at the ends of lines', () => {
    expect(table(rows)).toBe(
      [
        'NAME            WHY',
        'smollm2:135m    the CPU computes, for there is no GPU',
        'a               b',
        '',
      ].join('\n'),
    )
  })

  it('is cut to the terminal’s width, the widest column first', () => {
    const lines = table(rows, 30).trimEnd().split('\n')
    expect(lines[1]).toBe('smollm2:135m  the CPU compute…')
    expect(Math.max(...lines.map(({ length }) => length))).toBe(30)
    const row = ['smollm2:135m', '65632f835505', '677 MB', '100% CPU', '4096', 'ready', '4 minutes']
    expect(table([row], 40)).toBe('smollm2:1…  65632f835…  677 MB  100% CPU\n')
  })
})

describe('a model that is not there', () => {
  const names = ['smollm2:135m', 'qwen2.5:0.5b', 'user/Llama3.2:latest']

  it.each([
    ['smolm2:135m', 'smollm2:135m'],
    ['smollm2:360m', 'smollm2:135m'],
    ['smol', 'smollm2:135m'],
    ['qwen3', 'qwen2.5:0.5b'],
    ['llama3.1', 'user/Llama3.2:latest'],
    ['mistral', undefined],
  ])('%s may be meant to be %s', (wanted, meant) => {
    expect(suggestModel(wanted, names)).toBe(meant)
  })
})

describe('the server’s address', () => {
  it.each([
    [undefined, {}, 'http://127.0.0.1:11434'],
    [undefined, { OLLAMA_HOST: 'box:1234' }, 'http://box:1234'],
    [undefined, { OLLAMA_HOST: 'box:1234', BERTH_HOST: '0.0.0.0' }, 'http://127.0.0.1:11434'],
    [undefined, { BERTH_HOST: '0.0.0.0', BERTH_PORT: '99' }, 'http://127.0.0.1:99'],
    [undefined, { BERTH_HOST: ' ', OLLAMA_HOST: '[::1]:5' }, 'http://[::1]:5'],
    ['https://berth.example', { BERTH_PORT: '99' }, 'https://berth.example:443'],
  ])('given %s and %j is %s', (flag, env, url) => {
    expect(serverUrl(flag, env)).toBe(url)
  })

  it.each([
    ['a b', {}, '--host: expected an address'],
    [undefined, { BERTH_PORT: 'x' }, 'BERTH_PORT: expected a port'],
  ])('given %s and %j is none', (flag, env, message) => {
    expect(() => serverUrl(flag, env)).toThrow(message)
  })
})

describe('text for a terminal', () => {
  it('is broken between words, however it arrives', () => {
    const text = 'one two three four five six\nseven eight'
    for (const size of [1, 3, 100]) {
      const wrap = new WordWrap(() => 12)
      const parts = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
      const shown = parts.map((part) => wrap.take(part)).join('') + wrap.rest()
      expect(shown.split('\n').map((line) => line.trimEnd())).toEqual([
        'one two',
        'three four',
        'five six',
        'seven eight',
      ])
    }
  })

  it('loses nothing of a word that is longer than a line', () => {
    const wrap = new WordWrap(() => 5)
    expect(`${wrap.take('abc')}${wrap.take('defghij k')}${wrap.rest()}`.replaceAll('\n', '')).toBe(
      'abcdefghij k',
    )
  })
})

it('sizes and times are told as people do', () => {
  expect([fileSize(999), fileSize(98_400_000), fileSize(2.5e9)]).toEqual(['999 B', '98.4 MB', '2.5 GB'])
  const now = Date.parse('2026-01-02T00:00:00Z')
  expect(ago('2026-01-01T00:00:00Z', now)).toBe('1 day ago')
  expect(until('2026-01-02T00:04:30Z', now)).toBe('4 minutes from now')
  expect(until('2318-01-01T00:00:00Z', now)).toBe('for ever')
})

it('progress that nobody watches is a line for each step and each quarter', () => {
  const stream = new PassThrough()
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a terminal it only needs to be none
  const progress = new Progress(stream as unknown as NodeJS.WriteStream)
  progress.show('a', { label: 'pulling manifest' })
  for (let completed = 0; completed <= 100; completed += 10) {
    progress.show('b', { label: 'pulling b', completed: completed * 1e6, total: 100e6 })
  }
  progress.end()
  expect(String(stream.read())).toBe(
    [
      'pulling manifest',
      'pulling b: 0% of 100 MB',
      'pulling b: 30% of 100 MB',
      'pulling b: 50% of 100 MB',
      'pulling b: 80% of 100 MB',
      'pulling b: 100% of 100 MB',
      '',
    ].join('\n'),
  )
})
