import type { Bytes } from '@berth/budget'
import type { Clock } from '@berth/scheduler'
import type { WeightFile } from '../storage/index.js'
import { DownloadError, refusal } from './download-error.js'
import type { PartialFile, PartStore } from './part-store.js'

/** Under what the parts of a file are kept: several files may be ranges of one address. */
export function partsKey({ url, range }: WeightFile): string {
  return range === undefined ? url : `${url} ${range.start}-${range.end}`
}

/** So much is kept at a time; what came after it is fetched again after a crash. */
const PART: Bytes = 4 * 2 ** 20

/** A connection that gives nothing for so long is taken for dead. */
const STALL_MS = 60_000

export interface FetchTools {
  readonly parts: PartStore
  readonly clock: Clock
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Called with the bytes that are here of the file, and of all of it where that is known. */
  readonly progress: (bytes: Bytes, total: Bytes | null) => void
  readonly signal: AbortSignal
}

/**
 * Fetches a file from where its parts end to its own end, and keeps the parts.
 * @throws DownloadError, the signal's reason, or `QuotaExceededError`; the parts that came until then are kept.
 */
export async function fetchFile(file: WeightFile, tools: FetchTools): Promise<PartialFile> {
  const { parts, progress } = tools
  const had = await parts.find(partsKey(file))
  const expected = file.bytes ?? had?.total ?? null
  if (had !== null && had.bytes === expected) return had
  if (had !== null) progress(had.bytes, expected)
  return await oneRequest(file, had, tools)
}

async function oneRequest(
  file: WeightFile,
  had: PartialFile | null,
  tools: FetchTools,
): Promise<PartialFile> {
  const stalled = new AbortController()
  const signal = AbortSignal.any([tools.signal, stalled.signal])
  let stall = stallTimer(tools.clock, stalled)
  try {
    const response = await request(file, had, signal, tools)
    const resumes = had !== null && response.status === 206
    let kept = resumes ? had : null
    if (had !== null && !resumes) await tools.parts.drop(partsKey(file))
    const etag = response.headers.get('etag')
    const total = totalOf(file, response, kept)
    const keep = async (part: Uint8Array<ArrayBuffer>): Promise<void> => {
      kept = await tools.parts.append(partsKey(file), kept, part, { etag: etag ?? kept?.etag ?? null, total })
    }
    let here = kept?.bytes ?? 0
    let pending: Uint8Array[] = []
    let size = 0
    try {
      for await (const chunk of chunksOf(response)) {
        stall[Symbol.dispose]()
        stall = stallTimer(tools.clock, stalled)
        pending.push(chunk)
        size += chunk.byteLength
        here += chunk.byteLength
        if (total !== null && here > total) throw tooMuch(file, total)
        tools.progress(here, total)
        if (size < PART) continue
        await keep(joined(pending, size))
        pending = []
        size = 0
      }
    } finally {
      // What came before a break is kept too, so that many short connections make a whole file.
      if (size > 0 && !(total !== null && here > total)) await keep(joined(pending, size))
    }
    if (total !== null && here < total)
      throw new DownloadError('again', `${file.name}: the connection ended early`)
    return kept ?? { bytes: 0, parts: 0, etag, total: 0 }
  } catch (error) {
    if (tools.signal.aborted) throw tools.signal.reason
    if (stalled.signal.aborted)
      throw new DownloadError('again', `${file.name}: nothing came for ${STALL_MS / 1000} s`)
    if (error instanceof TypeError) {
      throw new DownloadError('again', `${file.name}: the network or the server fails`, { cause: error })
    }
    throw error
  } finally {
    stall[Symbol.dispose]()
    // A body that was not read to its end must not go on coming.
    stalled.abort()
  }
}

/** Asks for what is missing; for all of it where what is there turns out to be of another version. */
async function request(
  file: WeightFile,
  had: PartialFile | null,
  signal: AbortSignal,
  { fetch, parts }: FetchTools,
): Promise<Response> {
  const from = (file.range?.start ?? 0) + (had?.bytes ?? 0)
  const asked = had !== null || file.range !== undefined
  const range = { Range: `bytes=${from}-${file.range === undefined ? '' : file.range.end - 1}` }
  const response = await fetch(file.url, { signal, cache: 'no-store', ...(asked ? { headers: range } : {}) })
  const etag = response.headers.get('etag')
  const changed = had !== null && had.etag !== null && etag !== null && etag !== had.etag
  const misfit = response.status === 206 && (changed || !beginsAt(response, from))
  // 416: there is nothing after what we have, so that what we have is not the beginning of this file.
  if (had !== null && (response.status === 416 || misfit)) {
    await response.body?.cancel()
    await parts.drop(partsKey(file))
    throw new DownloadError('again', `${file.name} has changed on the server`)
  }
  if (file.range !== undefined && response.status === 200) {
    await response.body?.cancel()
    throw new DownloadError(
      'never',
      `${file.name}: its server does not send parts of a file (no range requests)`,
    )
  }
  const refused = refusal(response.status, file.name)
  if (refused === null) return response
  await response.body?.cancel()
  throw refused
}

/** Whether a partial answer begins where it was asked to; a server of another origin may hide where it does. */
function beginsAt(response: Response, from: Bytes): boolean {
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? []
  return start === undefined || Number(start) === from
}

/** What the file will come to: as its list says, else as the answer does. */
function totalOf(file: WeightFile, response: Response, kept: PartialFile | null): Bytes | null {
  if (file.bytes !== null) return file.bytes
  const length = Number(response.headers.get('content-length') ?? Number.NaN)
  // Of a compressed answer the length is not the file's.
  if (!Number.isSafeInteger(length) || response.headers.has('content-encoding')) return null
  return (kept?.bytes ?? 0) + length
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array, void, void> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

function joined(chunks: readonly Uint8Array[], size: Bytes): Uint8Array<ArrayBuffer> {
  const part = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    part.set(chunk, at)
    at += chunk.byteLength
  }
  return part
}

function tooMuch(file: WeightFile, total: Bytes): DownloadError {
  return new DownloadError('never', `${file.name}: more came than the ${total} bytes that it should have`)
}

function stallTimer(clock: Clock, stalled: AbortController): Disposable {
  return clock.at(clock.now() + STALL_MS, () => stalled.abort())
}
