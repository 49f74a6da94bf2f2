import { tensorBytes, tensorTypeName } from '@berth/budget'
import type { GgufMetadata, GgufTensor, GgufValue } from '@berth/budget'
import { gguf } from '@huggingface/gguf'
import type { GGUFParseOutput } from '@huggingface/gguf'
import type { GgufSource } from './gguf-source.js'

/** What the head of a GGUF file tells. */
export interface GgufHead extends GgufMetadata {
  /** The spelling of the tokens that begin and end a text; empty where the file names none. */
  readonly bos: string
  readonly eos: string
}

/** Longer lists (the vocabulary and its merges) are counted, not kept: nobody here needs their entries. */
const LONGEST_KEPT = 1024

/** The parser asks for the file in pieces of this size. */
const PIECE = 2_000_000

/**
 * Reads the head of one GGUF file: metadata and tensor list, not the weights.
 * @throws Error that says what is wrong with it: not a GGUF, nonsense in its head, cut off.
 */
export async function readGguf(source: GgufSource): Promise<GgufHead> {
  const head = await parse(source)
  checkWhole(head, source)
  return {
    ...valuesOf(head),
    tensors: tensorsOf(head, source),
    bos: tokenText(head, 'tokenizer.ggml.bos_token_id'),
    eos: tokenText(head, 'tokenizer.ggml.eos_token_id'),
  }
}

async function parse(source: GgufSource): Promise<GGUFParseOutput> {
  const start = await source.read(0, 4)
  if (String.fromCharCode(...start) !== 'GGUF')
    throw new Error('it is not a GGUF file: it does not begin with "GGUF"')
  let pastEnd = 0
  // The parser reads through `fetch` alone; where the bytes come from is the source's affair. Of the answer
  // it looks at these two members, and its type is known only where there is a platform.
  const fetch = async (
    _url: unknown,
    init?: { readonly headers?: Readonly<Record<string, string>> },
  ): Promise<unknown> => {
    const range = /bytes=(\d+)-(\d+)/.exec(init?.headers?.['Range'] ?? '')
    const from = Number(range?.[1] ?? 0)
    const bytes = await source.read(from, Number(range?.[2] ?? from + PIECE - 1) + 1)
    // It reads ahead, so that one piece past the end is no sign of anything; a second one is.
    if (bytes.length === 0 && ++pastEnd > 1) throw new Error('the file ends in the middle of its head')
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer
    return {
      headers: { get: () => `bytes ${from}-/${source.size ?? '*'}` },
      arrayBuffer: () => Promise.resolve(whole),
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return await gguf('https://gguf.invalid/', { fetch: fetch as never })
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

function tokenText({ metadata }: GGUFParseOutput, key: string): string {
  const entries: Readonly<Record<string, unknown>> = { ...metadata }
  const tokens = entries['tokenizer.ggml.tokens']
  const id = entries[key]
  const text: unknown = Array.isArray(tokens) && id !== undefined ? tokens[Number(id)] : undefined
  return typeof text === 'string' ? text : ''
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
