import { cachedGguf, MetadataPlan, TensorPlan, type GgufPlan } from './gguf-file.js'
import { LAYOUT, type WeightType } from './random-weights.js'
import { makeWordPieces } from './word-pieces.js'

/** An embedding model of BERT's architecture with random weights. What is left out makes one of some 200,000 parameters. */
export interface BertShape {
  readonly name?: string
  readonly layers?: number
  /** Length of its vectors. */
  readonly embedding?: number
  readonly heads?: number
  readonly ffn?: number
  /** Tokens of a text at most: it has a learned vector for each place. */
  readonly context?: number
  readonly type?: WeightType
  /** How token vectors become one: their mean, or that of the first token. */
  readonly pooling?: 'mean' | 'cls'
  readonly seed?: number
}

/** Part of every file's cache key: raise it when what is written for the same shape changes. */
const FORMAT = 1
const POOLING = { mean: 1, cls: 2 } as const

/** The path of a GGUF of this shape, written on first use. The same shape and seed give the same bytes. */
export async function randomBert(shape: BertShape = {}): Promise<string> {
  const full: Required<BertShape> = {
    name: 'bert',
    layers: 2,
    embedding: 64,
    heads: 4,
    ffn: 256,
    context: 128,
    type: 'F16',
    pooling: 'mean',
    seed: 1,
    ...shape,
  }
  return await cachedGguf(`${full.name}-${full.type}`, ['bert', FORMAT, full], () => planOf(full))
}

function planOf(shape: Required<BertShape>): GgufPlan {
  const words = makeWordPieces()
  return {
    metadata: describe(shape, words).map,
    tensors: layOut(shape, words.tokens.length),
    seed: shape.seed,
  }
}

function layOut(
  { layers, embedding, ffn, context, type }: Required<BertShape>,
  vocabulary: number,
): TensorPlan {
  const plan = new TensorPlan()
  const norm = (name: string): void => {
    plan.add(`${name}.weight`, new Float32Array(embedding).fill(1), embedding)
    plan.add(`${name}.bias`, new Float32Array(embedding), embedding)
  }
  const linear = (name: string, from: number, to: number): void => {
    plan.add(`${name}.weight`, type, from, to)
    plan.add(`${name}.bias`, new Float32Array(to), to)
  }
  plan.add('token_embd.weight', type, embedding, vocabulary)
  plan.add('position_embd.weight', 'F32', embedding, context)
  plan.add('token_types.weight', 'F32', embedding, 2)
  norm('token_embd_norm')
  for (let layer = 0; layer < layers; layer++) {
    const block = `blk.${layer}`
    for (const part of ['q', 'k', 'v', 'output']) linear(`${block}.attn_${part}`, embedding, embedding)
    norm(`${block}.attn_output_norm`)
    linear(`${block}.ffn_up`, embedding, ffn)
    linear(`${block}.ffn_down`, ffn, embedding)
    norm(`${block}.layer_output_norm`)
  }
  return plan
}

function describe(shape: Required<BertShape>, words: ReturnType<typeof makeWordPieces>): MetadataPlan {
  const plan = new MetadataPlan()
  plan.text('general.architecture', 'bert')
  plan.text('general.type', 'model')
  plan.text('general.name', shape.name)
  plan.u32('general.file_type', LAYOUT[shape.type].fileType)
  plan.u32('general.quantization_version', 2)
  plan.u32('bert.context_length', shape.context)
  plan.u32('bert.embedding_length', shape.embedding)
  plan.u32('bert.block_count', shape.layers)
  plan.u32('bert.feed_forward_length', shape.ffn)
  plan.u32('bert.attention.head_count', shape.heads)
  plan.f32('bert.attention.layer_norm_epsilon', 1e-12)
  plan.bool('bert.attention.causal', false)
  plan.u32('bert.pooling_type', POOLING[shape.pooling])
  plan.text('tokenizer.ggml.model', 'bert')
  plan.text('tokenizer.ggml.pre', 'default')
  plan.texts('tokenizer.ggml.tokens', words.tokens)
  plan.numbers('tokenizer.ggml.token_type', 'i32s', words.types)
  plan.u32('tokenizer.ggml.token_type_count', 2)
  plan.u32('tokenizer.ggml.bos_token_id', words.begin)
  plan.u32('tokenizer.ggml.cls_token_id', words.begin)
  // The format's own spelling.
  plan.u32('tokenizer.ggml.seperator_token_id', words.end)
  plan.u32('tokenizer.ggml.unknown_token_id', words.unknown)
  plan.u32('tokenizer.ggml.padding_token_id', words.padding)
  plan.u32('tokenizer.ggml.mask_token_id', words.mask)
  return plan
}
