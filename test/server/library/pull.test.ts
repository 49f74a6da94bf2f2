import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Puller, type PullStatus } from '../../../apps/server/src/library/index.js'
import { ModelStore, parseModelName, StoreWriter } from '../../../apps/server/src/models/index.js'
import { eventually } from '../../eventually.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { startRegistry, type Fault, type RegistryOptions } from './registry.js'

const KiB = 1024
/** Small parts, so that a small file has many. */
const SETTINGS = { parts: 16, leastBytes: 16 * KiB, mostBytes: 16 * KiB, atOnce: 4, saveEveryBytes: 32 * KiB }
const weights = randomBytes(256 * KiB + 7)
const never = new AbortController().signal

async function setUp(options: Partial<RegistryOptions> = {}, bounds = {}) {
  const registry = await startRegistry({ weights, ...options })
  const folder = join(await temporaryFolder(), 'store')
  const puller = new Puller(SETTINGS)
  const statuses: PullStatus[] = []
  const name = parseModelName('tern')
  const pull = async (signal: AbortSignal = never, told: (status: PullStatus) => void = () => undefined) =>
    await puller.pull(
      { registry: registry.client(bounds), store: new StoreWriter(folder), name, as: name },
      (status) => {
        statuses.push(status)
        told(status)
      },
      signal,
    )
  const store = new ModelStore({ own: folder, shared: [], gguf: [] }, () => undefined)
  const bytes = async () => await readFile((await store.get('tern')).files[0])
  const left = async () =>
    (await readdir(folder, { recursive: true }).catch(() => [])).filter((path) => /partial|lock/.test(path))
  return { registry, folder, statuses, pull, store, bytes, left }
}

describe('a pull', () => {
  it('tells its steps in Ollama’s words, and leaves a model that can be used', async () => {
    const { statuses, pull, store, bytes, left, registry } = await setUp()
    await pull()
    const short = registry.digest.slice('sha256:'.length).slice(0, 12)
    const words = statuses.map(({ status }) => status)
    expect(words.filter((status, at) => status !== words[at - 1])).toEqual([
      'pulling manifest',
      `pulling ${short}`,
      expect.stringMatching(/^pulling [0-9a-f]{12}$/),
      expect.stringMatching(/^pulling [0-9a-f]{12}$/),
      'verifying sha256 digest',
      'writing manifest',
      'success',
    ])
    const completed = statuses
      .filter(({ digest }) => digest === registry.digest)
      .map((status) => status.completed ?? 0)
    expect(completed).toEqual(completed.toSorted((a, b) => a - b))
    expect(completed.at(-1)).toBe(weights.length)
    expect(await bytes()).toEqual(weights)
    expect(await store.get('tern')).toMatchObject({ system: 'Be brief.', source: 'own' })
    expect(await left()).toEqual([])
  })

  it('asks for parts, several of them, and for nothing twice', async () => {
    const { registry, pull } = await setUp()
    await pull()
    const parts = registry.requests.filter((request) => request.includes(`${registry.digest} bytes=`))
    expect(parts).toHaveLength(17)
    expect(new Set(parts).size).toBe(17)
  })

  it.each<[string, Partial<RegistryOptions>]>([
    ['sends blobs from elsewhere', { redirects: true }],
    ['wants a token', { tokens: true }],
    ['knows no parts', { ranges: false }],
    ['wants a token and sends from elsewhere, whole', { tokens: true, redirects: true, ranges: false }],
  ])('works with a registry that %s', async (_, options) => {
    const { pull, bytes } = await setUp(options)
    await pull()
    expect(await bytes()).toEqual(weights)
  })

  it('does nothing for what is there', async () => {
    const { registry, pull } = await setUp()
    await pull()
    const before = registry.sent()
    await pull()
    expect(registry.sent()).toBe(before)
  })
})

/** Gives the beginning of the first part, and no more. */
const breaksOff = (response: ServerResponse, after: number): true => {
  response.writeHead(206, { 'content-length': 16 * KiB })
  response.write(weights.subarray(0, after), () => response.destroy())
  return true
}
/** Does something else, so many times, to whoever asks for a part. */
const onParts =
  (times: number, what: (response: ServerResponse) => boolean): Fault =>
  ({ headers }, response) => {
    if (headers.range === undefined || times <= 0) return false
    times -= 1
    return what(response)
  }

describe('a pull in a bad network', () => {
  it.each<[string, Fault, object]>([
    ['is cut off at once', onParts(3, (response) => (response.destroy(), true)), {}],
    [
      'answers 429',
      onParts(3, (response) => (response.writeHead(429, { 'retry-after': '0' }).end(), true)),
      {},
    ],
    ['answers 503', onParts(3, (response) => (response.writeHead(503).end(), true)), {}],
    ['says nothing', onParts(2, () => true), { answerMs: 50 }],
    [
      'begins and says no more',
      onParts(2, (response) => (response.writeHead(206), response.flushHeaders(), true)),
      { stallMs: 50 },
    ],
  ])('tries again what %s', async (_, fault, bounds) => {
    const { pull, bytes, left } = await setUp({ fault }, bounds)
    await pull()
    expect(await bytes()).toEqual(weights)
    expect(await left()).toEqual([])
  })

  it('goes on in the middle of a part that broke off', async () => {
    // The first part is from the file's beginning, so what comes of it is right.
    let broken = false
    const fault: Fault = ({ headers }, response) => {
      if (broken || !headers.range?.startsWith('bytes=0-')) return false
      broken = true
      return breaksOff(response, 5 * KiB)
    }
    const { registry, pull, bytes } = await setUp({ fault })
    await pull()
    expect(await bytes()).toEqual(weights)
    expect(registry.requests.some((request) => request.includes(`bytes=${5 * KiB}-`))).toBe(true)
  })

  it('gives up after its tries, and the next pull goes on from there', async () => {
    let bad = true
    const fault: Fault = ({ headers }, response) => {
      if (!bad || !headers.range?.startsWith(`bytes=${64 * KiB}-`)) return false
      response.writeHead(500).end()
      return true
    }
    const { registry, pull, bytes, store } = await setUp({ fault }, { tries: 3 })
    await expect(pull()).rejects.toMatchObject({
      code: 'source-failed',
      message: expect.stringContaining('500'),
    })
    expect(await store.find('tern')).toBeUndefined()
    bad = false
    const before = registry.sent()
    expect(before).toBeGreaterThan(0)
    await pull()
    expect(await bytes()).toEqual(weights)
    expect(registry.sent() - before).toBeLessThan(weights.length)
  })

  it.each([
    ['a wrong digest', (blob: ServerResponse) => blob.end(randomBytes(weights.length)), 'something else'],
    ['too much', (blob: ServerResponse) => blob.end(randomBytes(weights.length + 1)), 'more than there is'],
  ])('is not content with %s, and begins anew the next time', async (_, send, message) => {
    let bad = true
    const fault: Fault = ({ url = '' }, response) => {
      if (!bad || !url.includes('/blobs/')) return false
      send(response)
      return true
    }
    const { pull, bytes } = await setUp({ fault, ranges: false })
    await expect(pull()).rejects.toMatchObject({
      code: 'source-failed',
      message: expect.stringContaining(message),
    })
    bad = false
    await pull()
    expect(await bytes()).toEqual(weights)
  })

  it('says that there is no such model', async () => {
    const { pull } = await setUp({ fault: (_request, response) => (response.writeHead(404).end(), true) })
    await expect(pull()).rejects.toMatchObject({
      code: 'unknown-model',
      message: expect.stringMatching(/^pull model manifest: file does not exist: \S+ has no model /),
    })
  })

  it('stops when it is told to, and keeps what it has', async () => {
    const { registry, pull, bytes } = await setUp()
    const stop = new AbortController()
    const told = ({ completed = 0 }: PullStatus): void => {
      if (completed > 100 * KiB) stop.abort(new Error('enough'))
    }
    await expect(pull(stop.signal, told)).rejects.toThrow('enough')
    const before = registry.sent()
    await pull()
    expect(await bytes()).toEqual(weights)
    expect(registry.sent() - before).toBeLessThan(weights.length)
  })
})

describe('several pulls of one model', () => {
  it('share one download', async () => {
    const { registry, pull, bytes } = await setUp()
    await Promise.all([pull(), pull(), pull()])
    expect(await bytes()).toEqual(weights)
    expect(registry.sent()).toBeLessThan(2 * weights.length)
  })

  it('go on when one of them leaves', async () => {
    const { pull, bytes } = await setUp()
    const stop = new AbortController()
    const leaves = pull(stop.signal, ({ completed = 0 }) => {
      if (completed > 32 * KiB) stop.abort(new Error('enough'))
    })
    const stays = pull()
    await expect(leaves).rejects.toThrow('enough')
    await stays
    expect(await bytes()).toEqual(weights)
  })
})

describe('a process that pulls', () => {
  const CHILD = fileURLToPath(new URL('pull-child.ts', import.meta.url))

  const child = (registry: string, folder: string) => {
    const started = spawn(
      process.execPath,
      ['--conditions=berth-source', '--import', 'tsx', CHILD, registry, folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    return { started, exited: once(started, 'exit'), said: once(started.stdout, 'data') }
  }

  it('may be killed at any byte: the next one goes on, and the file is right', async () => {
    // Parts from the middle on never end, so that it is in the middle when it dies.
    let hold = true
    const fault: Fault = ({ headers }) =>
      hold && Number(/bytes=(\d+)/.exec(headers.range ?? '')?.[1] ?? 0) >= 128 * KiB
    const { registry, folder, pull, bytes, left } = await setUp({ fault })
    const first = child(registry.base, folder)
    await eventually(() => registry.sent()).toBeGreaterThanOrEqual(128 * KiB)
    first.started.kill('SIGKILL')
    await first.exited
    hold = false
    expect(await left()).toContainEqual(expect.stringMatching(/-partial$/))
    await pull()
    expect(await bytes()).toEqual(weights)
    expect(await left()).toEqual([])
  })

  it('does not disturb another that pulls the same', async () => {
    const { registry, folder, pull, bytes, left } = await setUp()
    const other = child(registry.base, folder)
    await Promise.all([pull(), other.exited])
    expect(other.started.exitCode).toBe(0)
    expect(await bytes()).toEqual(weights)
    expect(await left()).toEqual([])
  })
})

it('throws away a state that does not fit its file', async () => {
  const { registry, folder, pull, bytes } = await setUp()
  const partial = join(folder, 'blobs', `${registry.digest.replace(':', '-')}-partial`)
  await mkdir(join(folder, 'blobs'), { recursive: true })
  await writeFile(partial, 'short')
  await writeFile(`${partial}.json`, JSON.stringify([{ from: 0, to: weights.length, done: weights.length }]))
  await pull()
  expect(await bytes()).toEqual(weights)
})
