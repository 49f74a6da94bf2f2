import { readFile, stat } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { randomGguf } from '../../models/index.js'
import { harness } from './harness.js'

const DIGEST = 'd'.repeat(64)

it('gives browsers the GGUF files that the server runs itself, whole or in parts', async () => {
  const file = await randomGguf({ seed: 3 })
  const { size } = await stat(file)
  const { app } = harness({
    models: {
      'toy:1m': { stored: { files: [file], digest: DIGEST } },
      'tuned:1m': { stored: { files: [file], digest: 'e'.repeat(64), adapters: ['/a.gguf'] } },
      'split:1m': { stored: { files: [file, file], digest: 'f'.repeat(64) } },
      'far:1m': { stored: { files: ['http://far'], digest: 'a'.repeat(64), source: 'upstream' } },
      'gone:1m': { stored: { files: ['/nowhere.gguf'], digest: 'b'.repeat(64) } },
    },
  })
  const path = `/web-models/ggufs/${DIGEST}.gguf`
  const list = await app.request('/web-models/ggufs/')
  expect(await list.json()).toEqual({
    ggufs: [expect.objectContaining({ name: 'toy:1m', path, bytes: size, digest: DIGEST })],
  })

  const part = await app.request(path, { headers: { Range: 'bytes=4-99' } })
  expect(part.status).toBe(206)
  expect(part.headers.get('content-range')).toBe(`bytes 4-99/${size}`)
  const bytes = Buffer.from(await part.arrayBuffer())
  expect(bytes.equals((await readFile(file)).subarray(4, 100))).toBe(true)
  expect((await app.request(path)).headers.get('content-length')).toBe(String(size))
})

it('gives out no other file', async () => {
  const { app } = harness()
  for (const name of ['x.gguf', `${DIGEST}.gguf`, '..%2f..%2fetc%2fpasswd']) {
    expect((await app.request(`/web-models/ggufs/${name}`)).status).toBe(404)
  }
})
