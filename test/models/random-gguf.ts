import { createHash, randomUUID } from 'node:crypto'
import { access, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from './cache.js'
import { ALIGNMENT, ggufHeader, type GgufTensor, type GgufValue } from './gguf-writer.js'
import { LAYOUT, Random, randomWeights, weightBytes, type WeightType } from './random-weights.js'
import { makeSentencePieces } from './sentence-pieces.js'
import { LEAST_VOCABULARY, makeTokenizer, SPECIALS } from './tokenizer.js'

export type { WeightType } from './random-weights.js'

/** A llama-architecture model of random weights. What is left out makes a model of about a million parameters. */
export interface RandomShape {
  readonly name?: string
  readonly layers?: number
  /** Width of the residual stream; a multiple of 32 for quantised types, as are all row lengths. */
  readonly embedding?: number
  readonly heads?: number
  readonly kvHeads?: number
  /** Of keys and of values (llama.cpp knows no llama in which they differ); `embedding / heads` if left out. */
  readonly headSize?: number
  readonly ffn?: number
  readonly vocab?: number
  /** The context length the model says it was trained for. */
  readonly context?: number
  readonly type?: WeightType
  /** Tied embeddings: no output matrix of its own. */
  readonly tied?: boolean
  /** Makes it an embedding model: how token vectors become one. */
  readonly pooling?: 'mean' | 'last'
  /** By what to divide RoPE's frequencies, one a pair of dimensions, as Llama 3.1 has it; none if left out. */
  readonly ropeFactors?: readonly number[]
  /** GPT-2's byte pairs if left out, or SentencePiece's kind (Llama 2). */
  readonly tokenizer?: 'gpt2' | 'llama'
  /** Jinja; ChatML if left out, none at all with null. */
  readonly chatTemplate?: string | null
  readonly seed?: number
}

/** What was added later is absent where it is not asked for: older files keep their names. */
type Later = 'ropeFactors' | 'tokenizer'

interface FullShape extends Required<Omit<RandomShape, 'pooling' | Later>>, Pick<RandomShape, Later> {
  readonly pooling: 'mean' | 'last' | 'none'
}

interface WeightTensor extends GgufTensor {
  /** Random ones of a type, or these. */
  readonly weights: WeightType | Float32Array
  readonly elements: number
}

/** Part of every file's cache key: raise it when what is written for the same shape changes. */
const FORMAT = 1
const POOLING = { none: 0, mean: 1, last: 3 } as const
const CHATML =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

/**
 * The path of a GGUF with random weights of this shape, written on first use and kept by a hash of the
 * shape. The same shape and seed give the same bytes. Its answers are gibberish that hardly ever ends by
 * itself; its memory and its speed are those of a real model of the shape.
 * @throws RangeError when the shape cannot be (heads that do not divide, rows that are no whole blocks).
 */
export async function randomGguf(shape: RandomShape = {}): Promise<string> {
  const full = completeShape(shape)
  const key = createHash('sha256')
    .update(JSON.stringify([FORMAT, full]))
    .digest('hex')
    .slice(0, 16)
  const folder = join(cacheFolder(), 'random')
  const path = join(folder, `${full.name}-${full.type}-${key}.gguf`)
  if (await exists(path)) return path
  await mkdir(folder, { recursive: true })
  // Written aside and renamed: callers at the same time write the same bytes, and the last one wins.
  const aside = `${path}.${process.pid}.${randomUUID()}`
  try {
    await write(full, aside)
    await rename(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
  return path
}

function completeShape(shape: RandomShape): FullShape {
  const embedding = shape.embedding ?? 128
  const heads = shape.heads ?? 4
  const full: FullShape = {
    name: shape.name ?? 'random',
    layers: shape.layers ?? 4,
    embedding,
    heads,
    kvHeads: shape.kvHeads ?? shape.heads ?? 2,
    headSize: shape.headSize ?? embedding / heads,
    ffn: shape.ffn ?? embedding * 3,
    vocab: shape.vocab ?? 1024,
    context: shape.context ?? 2048,
    type: shape.type ?? 'Q8_0',
    tied: shape.tied ?? true,
    pooling: shape.pooling ?? 'none',
    chatTemplate: shape.chatTemplate === undefined ? CHATML : shape.chatTemplate,
    seed: shape.seed ?? 1,
    ...(shape.ropeFactors === undefined ? {} : { ropeFactors: shape.ropeFactors }),
    ...(shape.tokenizer === undefined ? {} : { tokenizer: shape.tokenizer }),
  }
  if (full.heads % full.kvHeads !== 0) {
    throw new RangeError(
      `Expected \`heads\` to be a multiple of \`kvHeads\`, got ${full.heads} and ${full.kvHeads}`,
    )
  }
  if (full.vocab < LEAST_VOCABULARY) {
    throw new RangeError(`Expected \`vocab\` to be ${LEAST_VOCABULARY} or more, got ${full.vocab}`)
  }
  const rows = { embedding, ffn: full.ffn, 'heads · headSize': full.heads * full.headSize }
  const block = LAYOUT[full.type].blockElements
  for (const [field, length] of Object.entries(rows)) {
    if (!Number.isInteger(length / block)) {
      throw new RangeError(
        `Expected \`${field}\` to be a multiple of ${block} for ${full.type}, got ${length}`,
      )
    }
  }
  if (!Number.isInteger(full.headSize) || full.headSize % 2 !== 0) {
    throw new RangeError(`Expected \`headSize\` to be an even whole number, got ${full.headSize}`)
  }
  return full
}

function layOut(shape: FullShape): WeightTensor[] {
  const tensors: WeightTensor[] = []
  let offset = 0
  const add = (name: string, weights: WeightType | Float32Array, ...dimensions: number[]): void => {
    const elements = dimensions.reduce((product, length) => product * length, 1)
    const stored = typeof weights === 'string' ? weights : 'F32'
    tensors.push({ name, dimensions, type: LAYOUT[stored].type, offset, weights, elements })
    offset += Math.ceil(weightBytes(stored, elements) / ALIGNMENT) * ALIGNMENT
  }
  const { type, embedding, heads, kvHeads, headSize, ffn, vocab, ropeFactors } = shape
  const ones = new Float32Array(embedding).fill(1)
  add('token_embd.weight', type, embedding, vocab)
  for (let layer = 0; layer < shape.layers; layer++) {
    const block = `blk.${layer}`
    add(`${block}.attn_norm.weight`, ones, embedding)
    add(`${block}.attn_q.weight`, type, embedding, heads * headSize)
    add(`${block}.attn_k.weight`, type, embedding, kvHeads * headSize)
    add(`${block}.attn_v.weight`, type, embedding, kvHeads * headSize)
    add(`${block}.attn_output.weight`, type, heads * headSize, embedding)
    add(`${block}.ffn_norm.weight`, ones, embedding)
    add(`${block}.ffn_gate.weight`, type, embedding, ffn)
    add(`${block}.ffn_up.weight`, type, embedding, ffn)
    add(`${block}.ffn_down.weight`, type, ffn, embedding)
  }
  add('output_norm.weight', ones, embedding)
  if (!shape.tied) add('output.weight', type, embedding, vocab)
  if (ropeFactors !== undefined) add('rope_freqs.weight', Float32Array.from(ropeFactors), ropeFactors.length)
  return tensors
}

function describe(shape: FullShape): Map<string, GgufValue> {
  const kind = shape.tokenizer ?? 'gpt2'
  const tokenizer = kind === 'gpt2' ? makeTokenizer(shape.vocab) : makeSentencePieces(shape.vocab)
  const metadata = new Map<string, GgufValue>()
  const u32 = (key: string, value: number): void => void metadata.set(key, { type: 'u32', value })
  const text = (key: string, value: string): void => void metadata.set(key, { type: 'string', value })
  text('general.architecture', 'llama')
  text('general.type', 'model')
  text('general.name', shape.name)
  u32('general.file_type', LAYOUT[shape.type].fileType)
  u32('general.quantization_version', 2)
  u32('llama.context_length', shape.context)
  u32('llama.embedding_length', shape.embedding)
  u32('llama.block_count', shape.layers)
  u32('llama.feed_forward_length', shape.ffn)
  u32('llama.attention.head_count', shape.heads)
  u32('llama.attention.head_count_kv', shape.kvHeads)
  u32('llama.attention.key_length', shape.headSize)
  u32('llama.attention.value_length', shape.headSize)
  metadata.set('llama.attention.layer_norm_rms_epsilon', { type: 'f32', value: 1e-5 })
  u32('llama.rope.dimension_count', shape.headSize)
  metadata.set('llama.rope.freq_base', { type: 'f32', value: 10_000 })
  u32('llama.vocab_size', shape.vocab)
  if (shape.pooling !== 'none') u32('llama.pooling_type', POOLING[shape.pooling])
  text('tokenizer.ggml.model', kind)
  if (kind === 'gpt2') text('tokenizer.ggml.pre', 'gpt-2')
  metadata.set('tokenizer.ggml.tokens', { type: 'strings', value: tokenizer.tokens })
  metadata.set('tokenizer.ggml.token_type', { type: 'i32s', value: tokenizer.types })
  if ('merges' in tokenizer)
    metadata.set('tokenizer.ggml.merges', { type: 'strings', value: tokenizer.merges })
  else metadata.set('tokenizer.ggml.scores', { type: 'f32s', value: tokenizer.scores })
  u32('tokenizer.ggml.bos_token_id', tokenizer.startOfTurn)
  u32('tokenizer.ggml.eos_token_id', tokenizer.endOfTurn)
  u32('tokenizer.ggml.unknown_token_id', tokenizer.unknown)
  u32('tokenizer.ggml.padding_token_id', tokenizer.endOfTurn)
  metadata.set('tokenizer.ggml.add_bos_token', { type: 'bool', value: false })
  if (shape.chatTemplate !== null) text('tokenizer.chat_template', shape.chatTemplate)
  return metadata
}

async function write(shape: FullShape, path: string): Promise<void> {
  const tensors = layOut(shape)
  const random = new Random(shape.seed)
  // Rows of zeros for the special tokens where logits are made: else answers would end after a random few tokens.
  const logits = shape.tied ? 'token_embd.weight' : 'output.weight'
  const specialBytes = weightBytes(shape.type, SPECIALS.length * shape.embedding)
  const file = await open(path, 'wx')
  try {
    await file.writeFile(ggufHeader(describe(shape), tensors))
    for (const tensor of tensors) {
      let written = 0
      const chunks =
        typeof tensor.weights === 'string'
          ? randomWeights(tensor.weights, tensor.elements, random)
          : [Buffer.from(tensor.weights.buffer)]
      for (const chunk of chunks) {
        if (written === 0 && tensor.name === logits) chunk.fill(0, 0, specialBytes)
        await file.writeFile(chunk)
        written += chunk.length
      }
      await file.writeFile(Buffer.alloc((ALIGNMENT - (written % ALIGNMENT)) % ALIGNMENT))
    }
  } finally {
    await file.close()
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
