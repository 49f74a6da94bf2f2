import { ggufAddress, looksLikeAddress } from '@berth/protocol'
import { describe, expect, test } from 'vitest'

const AT_HUB = 'https://huggingface.co/bartowski/SmolLM2-GGUF/resolve/main/SmolLM2-Q8_0.gguf'

describe('the address of a GGUF file', () => {
  test.each([
    ['https://models.example/a/tiny.gguf', 'https://models.example/a/tiny.gguf', 'tiny'],
    [' http://127.0.0.1:9/x.gguf?v=2 ', 'http://127.0.0.1:9/x.gguf?v=2', 'x'],
    ['hf.co/bartowski/SmolLM2-GGUF/SmolLM2-Q8_0.gguf', AT_HUB, 'SmolLM2-Q8_0'],
    ['https://hf.co/bartowski/SmolLM2-GGUF/SmolLM2-Q8_0.gguf', AT_HUB, 'SmolLM2-Q8_0'],
    [
      'https://huggingface.co/bartowski/SmolLM2-GGUF/blob/main/SmolLM2-Q8_0.gguf?download=true',
      AT_HUB,
      'SmolLM2-Q8_0',
    ],
    [
      'huggingface.co/a/b/resolve/v1/deep/c-00001-of-00002.gguf',
      'https://huggingface.co/a/b/resolve/v1/deep/c-00001-of-00002.gguf',
      'c',
    ],
  ])('%s', (text, url, name) => {
    expect(ggufAddress(text)).toEqual({ ok: true, url, name })
    expect(looksLikeAddress(text.trim())).toBe(true)
  })

  test.each([
    ['hf.co/bartowski/SmolLM2-GGUF', 'expected a file, such as hf.co/USER/REPO/FILE.gguf'],
    ['hf.co/bartowski/SmolLM2-GGUF:Q4_K_M', 'expected a file'],
    ['smollm2:135m', 'expected an address such as https://models.example/tiny.gguf, got "smollm2:135m"'],
    ['', 'expected an address'],
    ['https://', 'expected an address'],
  ])('%j is none', (text, why) => {
    expect(ggufAddress(text)).toEqual({ ok: false, why: expect.stringContaining(why) })
  })

  test('is no name and no path', () => {
    for (const text of ['smollm2', 'user/model:tag', './a.gguf', '/models/https.gguf'])
      expect(looksLikeAddress(text)).toBe(false)
  })
})
