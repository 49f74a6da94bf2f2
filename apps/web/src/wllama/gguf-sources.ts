import type { Bytes, GgufMetadata } from '@berth/budget'
import { readGguf, type GgufHead, type GgufSource } from '@berth/protocol'
import { BackendError } from '@berth/scheduler'
import type { GgufModel } from './gguf-model.js'
import { storedBlobs } from './weight-chunks.js'

/**
 * The head of a model, from storage where all of it is there, else from its address. Of a model in several
 * files the first one's metadata and all their tensors.
 * @throws BackendError `bad-model` where it is no model's head, `lost` where its server does not answer.
 */
export async function readHead(model: GgufModel): Promise<GgufHead> {
  const blobs = await storedBlobs(model)
  const heads = await Promise.all(
    model.files.map(async ({ url, bytes }, at) => {
      const blob = blobs?.[at]
      return headOf(blob === undefined ? urlSource(url, bytes) : blobSource(blob), url)
    }),
  )
  const [first] = heads
  if (first === undefined) throw new BackendError('bad-model', `${model.id} has no files`)
  return { ...first, tensors: heads.flatMap(({ tensors }) => tensors) }
}

/** @throws BackendError `bad-model` that names the file and says what is wrong with it. */
async function headOf(source: GgufSource, name: string): Promise<GgufHead> {
  try {
    return await readGguf(source)
  } catch (error) {
    if (error instanceof BackendError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new BackendError('bad-model', `${name}: ${why}`, { cause: error })
  }
}

function blobSource(blob: Blob): GgufSource {
  return {
    size: blob.size,
    read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
  }
}

/** @param bytes how long the file is. */
function urlSource(url: string, bytes: Bytes): GgufSource {
  return {
    size: bytes,
    read: async (start, end) => {
      const last = Math.min(end, bytes) - 1
      if (start > last) return new Uint8Array(0)
      const response = await fetchRange(url, start, last + 1)
      return new Uint8Array(await response.arrayBuffer())
    },
  }
}

/**
 * Bytes of a file on a server, `end` not among them.
 * @throws BackendError `bad-model` where the server does not give them, `lost` where it does not answer.
 */
export async function fetchRange(url: string, start: Bytes, end: Bytes): Promise<Response> {
  const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } }).catch(
    (error: unknown) => {
      throw new BackendError('lost', `${url}: its server cannot be reached`, { cause: error })
    },
  )
  if (response.status === 206) return response
  await response.body?.cancel()
  const passing = response.status === 408 || response.status === 429 || response.status >= 500
  throw new BackendError(
    passing ? 'lost' : 'bad-model',
    response.ok
      ? `${url}: its server does not send parts of a file (no range requests)`
      : `${url}: its server answers ${response.status}`,
  )
}

/** The key of an architecture's own figure, such as `llama.context_length`. */
export function figure({ values }: GgufMetadata, key: string): number | undefined {
  const value = values[`${String(values['general.architecture'])}.${key}`]
  return typeof value === 'number' ? value : undefined
}
