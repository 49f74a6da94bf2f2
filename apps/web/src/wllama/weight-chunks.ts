import type { Bytes } from '@berth/budget'
import { createStore, del, get, set, type UseStore } from 'idb-keyval'
import type { WeightFile } from '../storage/index.js'
import { bytesOfModel, type GgufFile, type GgufModel } from './gguf-model.js'

/**
 * GGUF files on this machine's disk: in IndexedDB, in chunks, each a Blob. A chunk is what a download that
 * broke off has to fetch again, and the most of a file that is ever in memory before the engine reads it: a
 * Blob that comes out of IndexedDB is a reference to the disk.
 */
const CHUNK: Bytes = 32 * 2 ** 20

interface Chunk {
  readonly start: Bytes
  readonly end: Bytes
}

let opened: UseStore | null = null

/** Opened when it is first needed, so that to import this touches no storage. */
function chunks(): UseStore {
  return (opened ??= createStore('berth-gguf', 'chunks'))
}

/** The parts of a model's files to be downloaded, in the order in which they lie in them. */
export function weightFiles({ files }: GgufModel): readonly WeightFile[] {
  return files.flatMap((file, at) => {
    const all = chunksOf(file)
    return all.map((chunk, index) => weightFile(file, chunk, nameOf(file, index, all.length), at === 0))
  })
}

/** Whether all of it is there, told without the network. */
export async function isModelStored(model: GgufModel): Promise<boolean> {
  return (await storedBytes(model)) === bytesOfModel(model)
}

/** How much of it is there. */
export async function storedBytes(model: GgufModel): Promise<Bytes> {
  const sizes = await Promise.all(
    weightFiles(model).map(async (file) => ((await file.stored()) ? (file.bytes ?? 0) : 0)),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** A model's files, each as one Blob that reads from disk; null where a part of it is missing. */
export async function storedBlobs({ files }: GgufModel): Promise<readonly Blob[] | null> {
  const blobs = await Promise.all(files.map(storedBlob))
  return blobs.every((blob) => blob !== null) ? blobs : null
}

/** The last chunk goes last: what is left of a deletion that broke off is no whole model. */
export async function deleteModel(model: GgufModel): Promise<void> {
  await Promise.all(weightFiles(model).map((file) => file.delete()))
}

async function storedBlob(file: GgufFile): Promise<Blob | null> {
  const parts = await Promise.all(chunksOf(file).map((chunk) => storedChunk(file, chunk)))
  return parts.every((part) => part !== null) ? new Blob([...parts]) : null
}

async function storedChunk(file: GgufFile, chunk: Chunk): Promise<Blob | null> {
  const found = await get<unknown>(keyOf(file, chunk), chunks())
  return found instanceof Blob && found.size === chunk.end - chunk.start ? found : null
}

function weightFile(file: GgufFile, chunk: Chunk, name: string, first: boolean): WeightFile {
  const bytes = chunk.end - chunk.start
  return {
    url: file.url,
    range: chunk,
    name,
    bytes,
    stored: async () => (await storedChunk(file, chunk)) !== null,
    store: async (data) => {
      if (data.byteLength !== bytes) {
        throw new Error(`${name}: expected ${bytes} bytes, got ${data.byteLength}`)
      }
      const magic = String.fromCharCode(...new Uint8Array(data, 0, Math.min(4, bytes)))
      if (first && chunk.start === 0 && magic !== 'GGUF') {
        throw new Error(`${name}: it is not a GGUF file: it does not begin with "GGUF"`)
      }
      await set(keyOf(file, chunk), new Blob([data]), chunks())
    },
    delete: () => del(keyOf(file, chunk), chunks()),
  }
}

function chunksOf({ bytes }: GgufFile): readonly Chunk[] {
  return Array.from({ length: Math.max(1, Math.ceil(bytes / CHUNK)) }, (_, index) => ({
    start: index * CHUNK,
    end: Math.min(bytes, (index + 1) * CHUNK),
  }))
}

function nameOf({ url }: GgufFile, index: number, of: number): string {
  const name = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? url)
  return of === 1 ? name : `${name}, part ${index + 1} of ${of}`
}

function keyOf({ url }: GgufFile, { start, end }: Chunk): string {
  return `${url} ${start}-${end}`
}
