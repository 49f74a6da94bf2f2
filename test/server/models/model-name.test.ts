import { describe, expect, it } from 'vitest'
import { nameKey, parseModelName, shortName } from '../../../apps/server/src/models/index.js'

describe('a model name', () => {
  it.each([
    ['smollm2', 'registry.ollama.ai/library/smollm2:latest', 'smollm2:latest'],
    ['smollm2:135m', 'registry.ollama.ai/library/smollm2:135m', 'smollm2:135m'],
    ['library/smollm2:135m', 'registry.ollama.ai/library/smollm2:135m', 'smollm2:135m'],
    ['me/mine', 'registry.ollama.ai/me/mine:latest', 'me/mine:latest'],
    [
      'hf.co/some-one/Model.v1-GGUF:Q4_K_M',
      'hf.co/some-one/model.v1-gguf:q4_k_m',
      'hf.co/some-one/Model.v1-GGUF:Q4_K_M',
    ],
    ['https://registry.ollama.ai/library/a:b', 'registry.ollama.ai/library/a:b', 'a:b'],
    ['localhost:5000/ns/m:t', 'localhost:5000/ns/m:t', 'localhost:5000/ns/m:t'],
  ])('%s means %s', (text, key, short) => {
    expect(nameKey(parseModelName(text))).toBe(key)
    expect(shortName(parseModelName(text))).toBe(short)
  })

  it.each([
    ['', /empty/],
    ['../../etc/passwd', /parts|namespace|host/],
    ['..', /the model "\.\."/],
    ['a/..:x', /the model "\.\."/],
    ['../m', /the namespace "\.\."/],
    ['a.b/m', /the namespace "a\.b"/],
    ['m:', /the tag ""/],
    ['m:a b', /the tag "a b"/],
    ['m:..', /the tag "\.\."/],
    ['m\0n', /the model/],
    ['m\\n', /the model/],
    ['-m', /the model "-m"/],
    ['a/b/c/d', /4 parts/],
    ['x'.repeat(81), /the model/],
  ])('%j is none, and the error says what is wrong', (text, message) => {
    expect(() => parseModelName(text)).toThrow(
      expect.objectContaining({ code: 'bad-name', message: expect.stringMatching(message) }),
    )
  })
})
