import { cachedGguf, MetadataPlan, TensorPlan, type GgufPlan } from './gguf-file.js'
import { LAYOUT, weightBytes, type WeightType } from './random-weights.js'
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
  /** With tokens for a gap between two texts: the vocabulary's last three. */
  readonly infill?: boolean
  /** Jinja; ChatML if left out, none at all with null. */
  readonly chatTemplate?: string | null
  readonly seed?: number
}

/** What was added later is absent where it is not asked for: older files keep their names. */
type Later = 'ropeFactors' | 'tokenizer' | 'infill'

interface FullShape extends Required<Omit<RandomShape, 'pooling' | Later>>, Pick<RandomShape, Later> {
  readonly pooling: 'mean' | 'last' | 'none'
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
  return await cachedGguf(`${full.name}-${full.type}`, [FORMAT, full], () => planOf(full))
}

function planOf(shape: FullShape): GgufPlan {
  return {
    metadata: describe(shape).map,
    tensors: layOut(shape),
    seed: shape.seed,
    // Rows of zeros for the special tokens where logits are made: else answers would end after a random few tokens.
    zeroed: {
      tensor: shape.tied ? 'token_embd.weight' : 'output.weight',
      bytes: weightBytes(shape.type, SPECIALS.length * shape.embedding),
    },
  }
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
    ...(shape.infill ? { infill: true } : {}),
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

function layOut(shape: FullShape): TensorPlan {
  const plan = new TensorPlan()
  const { type, embedding, heads, kvHeads, headSize, ffn, vocab, ropeFactors } = shape
  const ones = new Float32Array(embedding).fill(1)
  plan.add('token_embd.weight', type, embedding, vocab)
  for (let layer = 0; layer < shape.layers; layer++) {
    const block = `blk.${layer}`
    plan.add(`${block}.attn_norm.weight`, ones, embedding)
    plan.add(`${block}.attn_q.weight`, type, embedding, heads * headSize)
    plan.add(`${block}.attn_k.weight`, type, embedding, kvHeads * headSize)
    plan.add(`${block}.attn_v.weight`, type, embedding, kvHeads * headSize)
    plan.add(`${block}.attn_output.weight`, type, heads * headSize, embedding)
    plan.add(`${block}.ffn_norm.weight`, ones, embedding)
    plan.add(`${block}.ffn_gate.weight`, type, embedding, ffn)
    plan.add(`${block}.ffn_up.weight`, type, embedding, ffn)
    plan.add(`${block}.ffn_down.weight`, type, ffn, embedding)
  }
  plan.add('output_norm.weight', ones, embedding)
  if (!shape.tied) plan.add('output.weight', type, embedding, vocab)
  if (ropeFactors !== undefined)
    plan.add('rope_freqs.weight', Float32Array.from(ropeFactors), ropeFactors.length)
  return plan
}

function describe(shape: FullShape): MetadataPlan {
  const kind = shape.tokenizer ?? 'gpt2'
  const tokenizer = kind === 'gpt2' ? makeTokenizer(shape.vocab) : makeSentencePieces(shape.vocab)
  const plan = new MetadataPlan()
  plan.text('general.architecture', 'llama')
  plan.text('general.type', 'model')
  plan.text('general.name', shape.name)
  plan.u32('general.file_type', LAYOUT[shape.type].fileType)
  plan.u32('general.quantization_version', 2)
  plan.u32('llama.context_length', shape.context)
  plan.u32('llama.embedding_length', shape.embedding)
  plan.u32('llama.block_count', shape.layers)
  plan.u32('llama.feed_forward_length', shape.ffn)
  plan.u32('llama.attention.head_count', shape.heads)
  plan.u32('llama.attention.head_count_kv', shape.kvHeads)
  plan.u32('llama.attention.key_length', shape.headSize)
  plan.u32('llama.attention.value_length', shape.headSize)
  plan.f32('llama.attention.layer_norm_rms_epsilon', 1e-5)
  plan.u32('llama.rope.dimension_count', shape.headSize)
  plan.f32('llama.rope.freq_base', 10_000)
  plan.u32('llama.vocab_size', shape.vocab)
  if (shape.pooling !== 'none') plan.u32('llama.pooling_type', POOLING[shape.pooling])
  plan.text('tokenizer.ggml.model', kind)
  if (kind === 'gpt2') plan.text('tokenizer.ggml.pre', 'gpt-2')
  plan.texts('tokenizer.ggml.tokens', tokenizer.tokens)
  plan.numbers('tokenizer.ggml.token_type', 'i32s', tokenizer.types)
  if ('merges' in tokenizer) plan.texts('tokenizer.ggml.merges', tokenizer.merges)
  else plan.numbers('tokenizer.ggml.scores', 'f32s', tokenizer.scores)
  plan.u32('tokenizer.ggml.bos_token_id', tokenizer.startOfTurn)
  plan.u32('tokenizer.ggml.eos_token_id', tokenizer.endOfTurn)
  plan.u32('tokenizer.ggml.unknown_token_id', tokenizer.unknown)
  plan.u32('tokenizer.ggml.padding_token_id', tokenizer.endOfTurn)
  plan.bool('tokenizer.ggml.add_bos_token', false)
  if (shape.infill) {
    plan.u32('tokenizer.ggml.fim_pre_token_id', shape.vocab - 3)
    plan.u32('tokenizer.ggml.fim_suf_token_id', shape.vocab - 2)
    plan.u32('tokenizer.ggml.fim_mid_token_id', shape.vocab - 1)
  }
  if (shape.chatTemplate !== null) plan.text('tokenizer.chat_template', shape.chatTemplate)
  return plan
}
