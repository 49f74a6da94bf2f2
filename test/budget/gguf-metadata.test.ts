import { appendFile, chmod, copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tensorBytes } from '@berth/budget'
import { BackendError } from '@berth/scheduler'
import { describe, expect, test } from 'vitest'
import { readGgufMetadata } from '../../apps/server/src/models/gguf-metadata.js'
import { randomGguf } from '../models/index.js'
import { temporaryFolder } from '../temporary-folder.js'

const SHAPE = { layers: 2, vocab: 1024 } as const

async function errorOf(
  location: string,
  options?: Parameters<typeof readGgufMetadata>[1],
): Promise<BackendError> {
  try {
    await readGgufMetadata(location, options)
  } catch (error) {
    if (error instanceof BackendError) return error
    throw error
  }
  throw new Error('it was read')
}

/** A server that answers range requests for one file, as `fetch`. */
function serve(bytes: Buffer, asked: string[] = []): typeof fetch {
  return async (url, init) => {
    const range = new Headers(init?.headers).get('range') ?? ''
    asked.push(`${new Request(url).url} ${range}`)
    const [from = 0, to = 0] = /(\d+)-(\d+)/.exec(range)?.slice(1).map(Number) ?? []
    if (from >= bytes.length) return new Response(null, { status: 416 })
    const part = bytes.subarray(from, to + 1)
    const headers = { 'content-range': `bytes ${from}-${from + part.length - 1}/${bytes.length}` }
    return new Response(new Uint8Array(part), { status: 206, headers })
  }
}

describe('reading the head of a GGUF file', () => {
  test('gives its keys, the lengths of its long lists, and its tensors', async () => {
    const metadata = await readGgufMetadata(await randomGguf(SHAPE))
    expect(metadata.values).toMatchObject({
      'general.architecture': 'llama',
      'llama.block_count': 2,
      'llama.embedding_length': 128,
    })
    expect(metadata.lengths).toEqual({})
    expect(metadata.values['tokenizer.ggml.tokens']).toHaveLength(1024)
    expect(metadata.tensors).toContainEqual({
      name: 'blk.1.ffn_down.weight',
      type: 'Q8_0',
      shape: [384, 128],
    })
  })

  test('keeps no list of a whole vocabulary', async () => {
    const metadata = await readGgufMetadata(await randomGguf({ ...SHAPE, vocab: 2048 }))
    expect(metadata.lengths['tokenizer.ggml.tokens']).toBe(2048)
    expect(metadata.values).not.toHaveProperty('tokenizer.ggml.tokens')
  })

  test('from a URL takes only the parts of the file that it needs', async () => {
    const path = await randomGguf({ ...SHAPE, vocab: 32_768 })
    const bytes = await readFile(path)
    const asked: string[] = []
    const metadata = await readGgufMetadata('https://models.test/a.gguf', { fetch: serve(bytes, asked) })
    expect(metadata).toEqual(await readGgufMetadata(path))
    expect(asked.every((request) => request.startsWith('https://models.test/a.gguf bytes='))).toBe(true)
    expect(asked.length).toBeLessThan(6)
  })

  test('of a model in several files gives the tensors of all', async () => {
    const folder = await temporaryFolder()
    const whole = await randomGguf(SHAPE)
    const other = await randomGguf({ ...SHAPE, layers: 3 })
    await copyFile(whole, join(folder, 'm-00001-of-00002.gguf'))
    await copyFile(other, join(folder, 'm-00002-of-00002.gguf'))
    const metadata = await readGgufMetadata(join(folder, 'm-00001-of-00002.gguf'))
    const [one, two] = await Promise.all([readGgufMetadata(whole), readGgufMetadata(other)])
    expect(metadata.tensors).toEqual([...one.tensors, ...two.tensors])
  })
})

describe('a broken file is told from its name and what is wrong with it', () => {
  test('not there, a directory, empty, something else', async () => {
    const folder = await temporaryFolder()
    const at = (name: string): string => join(folder, name)
    await mkdir(at('folder.gguf'))
    await writeFile(at('empty.gguf'), '')
    await writeFile(at('short.gguf'), 'GG')
    await writeFile(at('page.gguf'), '<!doctype html>')
    const messages = await Promise.all(
      ['missing', 'folder', 'empty', 'short', 'page'].map(async (name) => await errorOf(at(`${name}.gguf`))),
    )
    expect(messages.map(({ code }) => code)).toEqual(Array(5).fill('bad-model'))
    expect(messages.map(({ message }) => message)).toEqual([
      `${at('missing.gguf')}: there is no such file`,
      `${at('folder.gguf')}: it is a directory or a device, a file is needed`,
      `${at('empty.gguf')}: the file is empty`,
      `${at('short.gguf')}: it is not a GGUF file: it does not begin with "GGUF"`,
      `${at('page.gguf')}: it is not a GGUF file: it does not begin with "GGUF"`,
    ])
  })

  test('no permission', async ({ skip }) => {
    if (process.platform === 'win32') skip('Windows has no file modes to take a permission away with')
    const folder = await temporaryFolder()
    const path = join(folder, 'secret.gguf')
    await writeFile(path, 'GGUF')
    await chmod(path, 0o000)
    const error = await asNobody(() => errorOf(path))
    expect(error.message).toBe(`${path}: there is no permission to read the file`)
  })

  test('cut off, wherever', async () => {
    const folder = await temporaryFolder()
    const whole = await randomGguf(SHAPE)
    const { length } = await readFile(whole)
    const { tensors } = await readGgufMetadata(whole)
    const head = length - tensors.reduce((sum, { type, shape }) => sum + tensorBytes(type, shape), 0)
    const path = join(folder, 'cut.gguf')
    for (const size of [8, 24, 100, Math.floor(head / 2), head - 400]) {
      await copyFile(whole, path)
      await truncate(path, size)
      expect((await errorOf(path)).message).toBe(`${path}: the file ends in the middle of its head`)
    }
    for (const size of [head + 10, length - 64]) {
      await copyFile(whole, path)
      await truncate(path, size)
      expect((await errorOf(path)).message).toMatch(
        /: the file is cut off: tensor \S+ ends at byte \d+, the file at \d+$/,
      )
    }
  })

  test('more at its end than there should be is no harm', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'longer.gguf')
    await copyFile(await randomGguf(SHAPE), path)
    await appendFile(path, 'padding')
    expect((await readGgufMetadata(path)).tensors.length).toBeGreaterThan(0)
  })

  test('nonsense in its head', async () => {
    const folder = await temporaryFolder()
    const whole = await readFile(await randomGguf(SHAPE))
    const path = join(folder, 'odd.gguf')
    const broken = async (at: number, value: number): Promise<string> => {
      const bytes = Buffer.from(whole)
      bytes.writeUInt32LE(value, at)
      await writeFile(path, bytes)
      const { code, message } = await errorOf(path)
      expect(code).toBe('bad-model')
      expect(message.startsWith(`${path}: `)).toBe(true)
      return message
    }
    expect(await broken(4, 99)).toMatch(/version/)
    // More tensors, or more keys, than are there.
    expect(await broken(8, 5_000)).toMatch(/head|type|dims|exceeds/)
    expect(await broken(16, 9_000)).toMatch(/head|type|exceeds/i)
    // A key of four billion bytes.
    expect(await broken(24, 0xffffffff)).toMatch(/String length 4294967295 exceeds/)
  })

  test('not to be had from a server', async () => {
    const url = 'https://models.test/a.gguf'
    const gone = await errorOf(url, {
      fetch: async () => new Response('', { status: 404, statusText: 'Not Found' }),
    })
    expect(gone.message).toBe(`${url}: the server answers 404 Not Found`)
    const whole = await errorOf(url, { fetch: async () => new Response('GGUF') })
    expect(whole.message).toBe(`${url}: the server does not send parts of a file (no range requests)`)
    const down = await errorOf(url, {
      fetch: async () => await Promise.reject(new TypeError('fetch failed')),
    })
    expect(down.message).toBe(`${url}: the server cannot be reached`)
    const cut = await errorOf(url, {
      fetch: serve((await readFile(await randomGguf(SHAPE))).subarray(0, 500)),
    })
    expect(cut.message).toBe(`${url}: the file ends in the middle of its head`)
  })
})

/** File modes do not bind root, so root looks as a user who owns nothing. */
async function asNobody<T>(look: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return look()
  process.seteuid?.(65_534)
  try {
    return await look()
  } finally {
    process.seteuid?.(0)
  }
}
