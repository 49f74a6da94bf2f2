import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Layer } from '../models/index.js'

/** A file as a layer. @param digest where it is known already: a large file takes seconds to read. */
export async function fileLayer(path: string, mediaType: string, digest?: string): Promise<Layer> {
  const { size } = await stat(path)
  return { mediaType, digest: digest ?? (await digestOf(path)), size }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 4 << 20 })) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}
