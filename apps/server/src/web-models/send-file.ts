import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { AppContext } from '../app-env.js'
import type { ServedFile } from './web-models.js'

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  wasm: 'application/wasm',
}

/** How long a copy may be used without asking. `named`: the address names the content, so for ever. */
export type Freshness = 'named' | 'ask'

const CACHE: Readonly<Record<Freshness, string>> = {
  named: 'public, max-age=31536000, immutable',
  ask: 'no-cache',
}

/** Sends a file, or the one range of it that is asked for; says 304 to whoever has it already. */
export function sendFile(c: AppContext, file: ServedFile, freshness: Freshness): Response {
  const tag = `"${file.sha256}"`
  const headers: Record<string, string> = {
    'Content-Type': TYPES[file.path.slice(file.path.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    'Cache-Control': CACHE[freshness],
    'Accept-Ranges': 'bytes',
    ETag: tag,
  }
  if (matches(c.req.header('if-none-match'), tag)) return c.body(null, 304, headers)

  const range = rangeOf(c.req.header('range'), c.req.header('if-range'), tag, file.bytes)
  if (range === 'unsatisfiable') {
    return c.body(null, 416, { ...headers, 'Content-Range': `bytes */${file.bytes}` })
  }
  const [start, end] = range ?? [0, file.bytes - 1]
  headers['Content-Length'] = String(end - start + 1)
  if (range !== undefined) headers['Content-Range'] = `bytes ${start}-${end}/${file.bytes}`
  const status = range === undefined ? 200 : 206
  if (c.req.method === 'HEAD' || file.bytes === 0) return c.body(null, status, headers)
  // Node's own web streams and the DOM's are one thing under two names.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const body = Readable.toWeb(createReadStream(file.path, { start, end })) as ReadableStream<Uint8Array>
  return c.body(body, status, headers)
}

function matches(header: string | undefined, tag: string): boolean {
  const tags = (header ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  return tags.includes(tag) || tags.includes('*')
}

/** First and last byte; undefined for the whole file, which is also the answer to what is not understood. */
function rangeOf(
  header: string | undefined,
  condition: string | undefined,
  tag: string,
  bytes: number,
): readonly [number, number] | 'unsatisfiable' | undefined {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (asked === null || (condition !== undefined && condition !== tag)) return undefined
  const [, from = '', to = ''] = asked
  if (from === '' && to === '') return undefined
  const start = from === '' ? Math.max(0, bytes - Number(to)) : Number(from)
  const end = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  return start >= bytes || start > end ? 'unsatisfiable' : [start, end]
}
