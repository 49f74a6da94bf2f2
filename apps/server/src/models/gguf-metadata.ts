import { gguf, parseGgufShardFilename } from '@huggingface/gguf'
import type { GGUFParseOutput } from '@huggingface/gguf'
import { tensorBytes, tensorTypeName } from '@berth/budget'
import type { GgufMetadata, GgufTensor, GgufValue } from '@berth/budget'
import { BackendError } from '@berth/scheduler'
import { fileSource, urlSource } from './gguf-source.js'
import type { GgufSource } from './gguf-source.js'

/** Longer lists (the vocabulary and its merges) are counted, not kept: nobody here needs their entries. */
const LONGEST_KEPT = 1024

/** The parser asks for the file in pieces of this size. */
const PIECE = 2_000_000

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
    const source = isUrl ? await urlSource(location, options.fetch) : await fileSource(location)
    const head = await parse(source)
    checkWhole(head, source)
    return { ...valuesOf(head), tensors: tensorsOf(head, source) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new BackendError('bad-model', `${location}: ${why}`, { cause: error })
  }
}

async function parse(source: GgufSource): Promise<GGUFParseOutput> {
  const start = await source.read(0, 4)
  if (String.fromCharCode(...start) !== 'GGUF')
    throw new Error('it is not a GGUF file: it does not begin with "GGUF"')
  let pastEnd = 0
  return await gguf('https://gguf.invalid/', {
    // The parser reads through `fetch` alone; where the bytes come from is the source's affair.
    fetch: async (_url, init) => {
      const range = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get('range') ?? '')
      const from = Number(range?.[1] ?? 0)
      const bytes = await source.read(from, Number(range?.[2] ?? from + PIECE - 1) + 1)
      // It reads ahead, so that one piece past the end is no sign of anything; a second one is.
      if (bytes.length === 0 && ++pastEnd > 1) throw new Error('the file ends in the middle of its head')
      return new Response(bytes, { headers: { 'content-range': `bytes ${from}-/${source.size ?? '*'}` } })
    },
  })
}

/** The parser takes what lies beyond a file's end for zeros: an end before the head's is found only here. */
function checkWhole(
  { tensorInfoByteRange, tensorInfos, metadata }: GGUFParseOutput,
  { size }: GgufSource,
): void {
  if (size !== undefined && tensorInfoByteRange[1] > size)
    throw new Error('the file ends in the middle of its head')
  const names = new Set(tensorInfos.map(({ name }) => name))
  if (names.size !== tensorInfos.length || names.has('')) {
    throw new Error('its head makes no sense: two tensors have one name, or a tensor has none')
  }
  if (Object.hasOwn(metadata, '')) throw new Error('its head makes no sense: a metadata key is empty')
}

function valuesOf({ metadata }: GGUFParseOutput): Pick<GgufMetadata, 'values' | 'lengths'> {
  const values: Record<string, GgufValue> = {}
  const lengths: Record<string, number> = {}
  for (const [key, value] of Object.entries<unknown>({ ...metadata })) {
    // The parser's own counts of the file's version, tensors and keys; every real key has a dot.
    if (!key.includes('.')) continue
    if (!Array.isArray(value)) values[key] = plain(value)
    else if (value.length > LONGEST_KEPT || value.some(Array.isArray)) lengths[key] = value.length
    else values[key] = value.map(plain)
  }
  return { values, lengths }
}

function plain(value: unknown): string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' ? value : Number(value)
}

function tensorsOf(head: GGUFParseOutput, { size }: GgufSource): readonly GgufTensor[] {
  return head.tensorInfos.map(({ name, shape, dtype, offset }) => {
    const type = tensorTypeName(dtype)
    if (type === undefined) throw new Error(`tensor ${name} is of type ${dtype}, which is not known`)
    const tensor = { name, shape: shape.map(Number), type }
    const end = Number(head.tensorDataOffset + offset) + tensorBytes(type, tensor.shape)
    if (size !== undefined && end > size) {
      throw new Error(`the file is cut off: tensor ${name} ends at byte ${end}, the file at ${size}`)
    }
    return tensor
  })
}
