import { parseGgufShardFilename } from '@huggingface/gguf'
import type { GgufMetadata } from '@berth/budget'
import { httpSource, readGguf } from '@berth/protocol'
import { BackendError } from '@berth/scheduler'
import { fileSource } from './gguf-source.js'

export interface ReadGgufOptions {
  /** For URLs; absent: the platform's. */
  readonly fetch?: typeof fetch
}

/**
 * Reads the head of a GGUF file: metadata and tensor list, not the weights. Of a model in several files
 * (`…-00001-of-00003.gguf`), the first one's metadata and all their tensors.
 * @param location a path, or an http(s) URL of a server that answers range requests.
 * @throws BackendError `bad-model` that names the file and says what is wrong with it: not there, no
 *   permission, not a GGUF, nonsense in its head, cut off.
 */
export async function readGgufMetadata(
  location: string,
  options: ReadGgufOptions = {},
): Promise<GgufMetadata> {
  const first = await readPart(location, options)
  const tensors = [...first.tensors]
  for (const part of otherParts(location)) tensors.push(...(await readPart(part, options)).tensors)
  return { ...first, tensors }
}

function otherParts(location: string): readonly string[] {
  const shard = parseGgufShardFilename(location)
  return Array.from({ length: Math.max(0, Number(shard?.total ?? 1) - 1) }, (_, index) => {
    const part = String(index + 2).padStart(5, '0')
    return `${shard?.prefix}-${part}-of-${shard?.total}.gguf`
  })
}

async function readPart(location: string, options: ReadGgufOptions): Promise<GgufMetadata> {
  try {
    const isUrl = /^https?:\/\//.test(location)
    const source = isUrl ? await httpSource(location, options.fetch ?? fetch) : await fileSource(location)
    const { values, lengths, tensors } = await readGguf(source)
    return { values, lengths, tensors }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new BackendError('bad-model', `${location}: ${why}`, { cause: error })
  }
}
