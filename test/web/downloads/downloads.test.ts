import { ManualClock } from '@berth/scheduler/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import type { RememberedDownload } from '../../../apps/web/src/downloads/download-list.js'
import { Downloads } from '../../../apps/web/src/downloads/index.js'
import type { WeightFile } from '../../../apps/web/src/storage/index.js'
import { MemoryParts } from './memory-parts.js'

const URL = 'https://models.test/big.bin'
const CONTENT = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)

interface Answer {
  readonly status?: number
  /** Cut after so many bytes. */
  readonly cut?: number
  readonly content?: Uint8Array<ArrayBuffer>
  readonly etag?: string
  /** Ranges are not understood. */
  readonly whole?: boolean
  /** Says nothing after its first bytes, until it is aborted. */
  readonly stall?: boolean
}

/** A server that answers as it is told, one answer after the other; the last one again and again. */
class Server {
  answers: Answer[] = [{}]
  readonly ranges: (string | null)[] = []
  /** Resolves when somebody asks for the next time. */
  readonly fetch = (_url: string, init: RequestInit): Promise<Response> => {
    const range = new Headers(init.headers).get('range')
    this.ranges.push(range)
    const answer = (this.answers.length > 1 ? this.answers.shift() : this.answers[0]) ?? {}
    const { status, cut, content = CONTENT, etag = '"1"', whole = false, stall = false } = answer
    if (status !== undefined) return Promise.resolve(new Response('no', { status }))
    const [, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    const start = whole ? 0 : Number(from)
    const end = whole || to === undefined || to === '' ? content.byteLength : Number(to) + 1
    const body = content.slice(start, end)
    const sent = cut === undefined ? body : body.slice(0, cut)
    let said = false
    const stream = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          init.signal?.addEventListener('abort', () => controller.error(new DOMException('', 'AbortError')))
        },
        // One thing at a time: an error throws away what was not read before it.
        pull(controller) {
          if (!said) {
            said = true
            controller.enqueue(sent)
          } else if (stall) return new Promise<void>(() => undefined)
          else if (cut === undefined) controller.close()
          else controller.error(new TypeError('network error'))
          return undefined
        },
      },
      { highWaterMark: 0 },
    )
    return Promise.resolve(
      new Response(stream, {
        status: range === null || whole ? 200 : 206,
        headers: {
          etag,
          'content-length': String(body.byteLength),
          ...(range === null || whole
            ? {}
            : { 'content-range': `bytes ${start}-${end - 1}/${content.byteLength}` }),
        },
      }),
    )
  }
}

class Disk {
  readonly files = new Map<string, ArrayBuffer>()
  readonly parts = new MemoryParts()
  list: readonly RememberedDownload[] = []

  file(change: Partial<WeightFile> = {}): WeightFile {
    const name = change.name ?? 'big.bin'
    return {
      url: URL,
      name,
      bytes: CONTENT.byteLength,
      stored: () => Promise.resolve(this.files.has(name)),
      store: (data) => {
        this.parts.take(data.byteLength)
        this.files.set(name, data)
        return Promise.resolve()
      },
      delete: () => {
        this.files.delete(name)
        return Promise.resolve()
      },
      ...change,
    }
  }
}

let clock: ManualClock
let server: Server
let disk: Disk
let files: readonly WeightFile[]
const stored: string[] = []

beforeEach(() => {
  clock = new ManualClock()
  server = new Server()
  disk = new Disk()
  files = [disk.file()]
  stored.length = 0
})

/** A host's manager; another one after a reload finds what the first left on the disk. */
function manager(): Downloads {
  return new Downloads({
    clock,
    fetch: server.fetch,
    parts: () => disk.parts,
    list: {
      read: () => Promise.resolve(disk.list),
      write: (list) => {
        disk.list = list
        return Promise.resolve()
      },
    },
    filesOf: () => Promise.resolve(files),
    changed: () => undefined,
    stored: (model) => stored.push(model),
    noRoom: (missing) => `${missing} bytes are missing`,
  })
}

/** How a promise ended, without waiting for it beyond what the clock does. */
function outcome(promise: Promise<void>): { end: string } {
  const seen = { end: 'open' }
  promise.then(
    () => (seen.end = 'stored'),
    (error: unknown) => (seen.end = error instanceof Error ? error.message : String(error)),
  )
  return seen
}

function isWhole(name = 'big.bin'): boolean {
  return Buffer.from(disk.files.get(name) ?? new ArrayBuffer(0)).equals(Buffer.from(CONTENT))
}

describe('a download', () => {
  it('stores the file, and leaves nothing of its parts', async () => {
    const downloads = manager()
    await downloads.start('m')
    expect(isWhole()).toBe(true)
    expect(disk.parts.heads.size).toBe(0)
    expect(downloads.views).toEqual([])
    expect(disk.list).toEqual([])
    expect(stored).toEqual(['m'])
  })

  it('goes on where a connection broke off', async () => {
    server.answers = [{ cut: 300 }, { cut: 200 }, {}]
    const done = outcome(manager().start('m'))
    await clock.advance(5_000)
    expect(done.end).toBe('stored')
    expect(server.ranges).toEqual([null, 'bytes=300-', 'bytes=500-'])
    expect(isWhole()).toBe(true)
  })

  it('begins anew where the file has changed meanwhile, or its server knows no ranges', async () => {
    for (const second of [{ etag: '"2"' }, { whole: true }]) {
      disk.files.clear()
      server.answers = [{ cut: 300 }, second, {}]
      const done = outcome(manager().start('m'))
      await clock.advance(5_000)
      expect(done.end).toBe('stored')
      expect(isWhole()).toBe(true)
    }
  })

  it('takes a connection that says nothing for dead', async () => {
    server.answers = [{ cut: 100, stall: true }, {}]
    const done = outcome(manager().start('m'))
    await clock.advance(30_000)
    expect(done.end).toBe('open')
    await clock.advance(60_000)
    expect(done.end).toBe('stored')
    expect(server.ranges).toEqual([null, 'bytes=100-'])
  })

  it('gives up after many tries in vain, and goes on when asked to', async () => {
    server.answers = [{ cut: 300 }, { status: 503 }]
    const downloads = manager()
    const first = outcome(downloads.start('m'))
    await clock.advance(300_000)
    expect(first.end).toBe('big.bin: the server answers 503')
    expect(downloads.views[0]).toMatchObject({ state: 'failed', loadedBytes: 300, error: first.end })
    server.answers = [{}]
    await downloads.start('m')
    expect(server.ranges.at(-1)).toBe('bytes=300-')
    expect(isWhole()).toBe(true)
  })

  it('does not try again what cannot help', async () => {
    server.answers = [{ status: 404 }]
    const done = outcome(manager().start('m'))
    await clock.advance(0)
    expect(done.end).toBe('big.bin: the server answers 404: the file is not there')
    expect(server.ranges).toHaveLength(1)
  })

  it('fetches a broken file once more, then says what is wrong', async () => {
    let tries = 0
    files = [
      disk.file({
        store: () => {
          tries += 1
          return Promise.reject(new Error('big.bin is broken'))
        },
      }),
    ]
    const done = outcome(manager().start('m'))
    await clock.advance(1_000)
    expect(done.end).toBe('big.bin is broken')
    expect(tries).toBe(2)
    expect(disk.parts.heads.size).toBe(0)
  })

  it('fetches ranges of one address as files of their own', async () => {
    files = [0, 400, 800].map((start) => {
      const end = Math.min(1000, start + 400)
      return disk.file({ name: `part ${start}`, range: { start, end }, bytes: end - start })
    })
    await manager().start('m')
    expect(server.ranges).toEqual(['bytes=0-399', 'bytes=400-799', 'bytes=800-999'])
    const whole = Buffer.concat([...disk.files.values()].map((part) => Buffer.from(part)))
    expect(whole.equals(Buffer.from(CONTENT))).toBe(true)
    server.answers = [{ whole: true }]
    disk.files.clear()
    const done = outcome(manager().start('m'))
    await clock.advance(0)
    expect(done.end).toContain('no range requests')
  })
})

describe('a pause', () => {
  it('keeps what came, over a reload too', async () => {
    server.answers = [{ cut: 300, stall: true }, {}]
    const downloads = manager()
    const done = outcome(downloads.start('m'))
    await clock.advance(100)
    downloads.pause('m')
    await clock.advance(0)
    expect(done.end).toBe('the download was paused')
    expect(disk.list).toMatchObject([{ model: 'm', state: 'paused', loadedBytes: 300, totalBytes: 1000 }])

    const next = manager()
    await next.resume()
    await clock.advance(60_000)
    expect(next.views).toMatchObject([{ model: 'm', state: 'paused', loadedBytes: 300 }])
    await next.start('m')
    expect(server.ranges).toEqual([null, 'bytes=300-'])
    expect(isWhole()).toBe(true)
  })

  it('is none for what ran when the page was reloaded', async () => {
    disk.list = [{ model: 'm', state: 'running', loadedBytes: 0, totalBytes: 1000 }]
    const next = manager()
    await next.resume()
    await clock.advance(100)
    expect(isWhole()).toBe(true)
    expect(next.views).toEqual([])
  })

  it('is followed by what was asked for after it, one at a time', async () => {
    server.answers = [{ cut: 300, stall: true }, {}]
    const downloads = manager()
    const first = outcome(downloads.start('m'))
    await clock.advance(100)
    downloads.pause('m')
    const second = outcome(downloads.start('m'))
    await clock.advance(1_000)
    expect(first.end).toBe('the download was paused')
    expect(second.end).toBe('stored')
    expect(isWhole()).toBe(true)
  })
})

it('a cancel leaves no parts and no entry', async () => {
  server.answers = [{ cut: 300, stall: true }]
  const downloads = manager()
  const done = outcome(downloads.start('m'))
  await clock.advance(100)
  await downloads.cancel('m')
  expect(done.end).toBe('the download was cancelled')
  expect(disk.parts.heads.size).toBe(0)
  expect(downloads.views).toEqual([])
  expect(disk.list).toEqual([])
})

describe('when there is no room', () => {
  it('keeps what is there and says what is missing', async () => {
    files = [disk.file({ name: 'small', bytes: 1000 }), disk.file()]
    disk.parts.room = 1400
    const downloads = manager()
    const done = outcome(downloads.start('m'))
    await clock.advance(1_000)
    expect(done.end).toBe('1000 bytes are missing')
    expect(isWhole('small')).toBe(true)
    expect(downloads.views[0]).toMatchObject({ state: 'failed', error: '1000 bytes are missing' })
    disk.parts.room = 5000
    await downloads.start('m')
    expect(server.ranges).toHaveLength(3)
    expect(isWhole()).toBe(true)
  })

  it('needs no room for a file twice', async () => {
    disk.parts.room = 1000
    await manager().start('m')
    expect(isWhole()).toBe(true)
  })
})
