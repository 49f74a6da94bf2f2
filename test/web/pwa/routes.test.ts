import { describe, expect, it } from 'vitest'
import { isPage, isUncachedLibrary } from '../../../apps/web/src/pwa/routes.js'

describe('what the service worker answers', () => {
  it.each(['/', '/index.html', '/?source=home'])('%s is the page', (path) => {
    expect(isPage.test(path)).toBe(true)
  })

  it.each(['/api/tags', '/v1/models', '/metrics', '/web-models/index.json', '/index.htmlx', '/assets/'])(
    '%s is not the page',
    (path) => {
      expect(isPage.test(path)).toBe(false)
    },
  )

  it.each([
    ['http://localhost:11434/web-models/tiny/lib.wasm', true],
    ['http://models.localhost/lib.wasm', true],
    ['http://127.0.0.1:11434/web-models/tiny/lib.wasm', false],
    ['https://models.example/lib.wasm', false],
    ['http://localhost:11434/assets/wllama.wasm', false],
    ['http://localhost:11434/web-models/tiny/params_shard_0.bin', false],
    ['http://localhost:11434/api/tags', false],
  ])('of %s, that it is a library which WebLLM does not keep: %s', (address, expected) => {
    expect(isUncachedLibrary(new URL(address))).toBe(expected)
  })
})
