import { open, type FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'

const END_OF_CENTRAL_DIRECTORY = 0x06054b50
const CENTRAL_ENTRY = 0x02014b50
const LOCAL_ENTRY = 0x04034b50
/** 22 bytes of the record itself and a comment of 65,535 at most. */
const END_SEARCH_BYTES = 22 + 65_535
const STORED = 0
const DEFLATED = 8

/** One file inside a zip archive. */
export interface ZipEntry {
  readonly name: string
  /** Uncompressed. */
  readonly bytes: number
  /** The file's contents; the archive is closed when the stream ends or is destroyed. */
  open(): Promise<Readable>
}

interface CentralEntry {
  readonly name: string
  readonly method: number
  readonly compressedBytes: number
  readonly bytes: number
  readonly localHeaderAt: number
}

/**
 * Finds a file in a zip archive (a Python wheel is one); undefined where there is none.
 * Reads APPNOTE.TXT's classic format: no ZIP64, no encryption, stored or deflated.
 * @throws Error that names the archive when it is no zip archive or uses what is not read here.
 */
export async function findZipEntry(
  path: string,
  wanted: (name: string) => boolean,
): Promise<ZipEntry | undefined> {
  const file = await open(path, 'r')
  try {
    const entry = (await readCentralDirectory(file, path)).find((candidate) => wanted(candidate.name))
    if (entry === undefined) return undefined
    return { name: entry.name, bytes: entry.bytes, open: () => openEntry(path, entry) }
  } finally {
    await file.close()
  }
}

async function readCentralDirectory(file: FileHandle, path: string): Promise<CentralEntry[]> {
  const { size } = await file.stat()
  const tail = await readAt(file, Math.max(0, size - END_SEARCH_BYTES), Math.min(size, END_SEARCH_BYTES))
  let end = tail.length - 22
  while (end >= 0 && tail.readUInt32LE(end) !== END_OF_CENTRAL_DIRECTORY) end--
  if (end < 0) throw new Error(`${path} is not a zip archive: it has no end-of-directory record`)

  const count = tail.readUInt16LE(end + 10)
  const bytes = tail.readUInt32LE(end + 12)
  const start = tail.readUInt32LE(end + 16)
  if (start === 0xffffffff || count === 0xffff)
    throw new Error(`${path} is a ZIP64 archive, which is not read here`)

  const directory = await readAt(file, start, bytes)
  const entries: CentralEntry[] = []
  for (let at = 0, n = 0; n < count; n++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== CENTRAL_ENTRY) {
      throw new Error(`${path} is damaged: entry ${n} of its directory is not one`)
    }
    const nameBytes = directory.readUInt16LE(at + 28)
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      compressedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      localHeaderAt: directory.readUInt32LE(at + 42),
    })
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

async function openEntry(path: string, entry: CentralEntry): Promise<Readable> {
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new Error(
      `${path}: ${entry.name} is compressed by method ${entry.method}; only 0 and 8 are read here`,
    )
  }
  const file = await open(path, 'r')
  try {
    const header = await readAt(file, entry.localHeaderAt, 30)
    if (header.length < 30 || header.readUInt32LE(0) !== LOCAL_ENTRY) {
      throw new Error(`${path} is damaged: ${entry.name} is not where its directory says`)
    }
    // The lengths of the local header's name and extra field may differ from those in the directory.
    const start = entry.localHeaderAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
    const raw = file.createReadStream({
      start,
      end: start + entry.compressedBytes - 1,
      highWaterMark: 1 << 20,
    })
    if (entry.method === STORED) return raw
    const inflated = createInflateRaw({ chunkSize: 1 << 20 })
    raw.on('error', (error) => inflated.destroy(error))
    inflated.on('close', () => raw.destroy())
    return raw.pipe(inflated)
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
