import type { GgufMetadata } from '@berth/budget'
import { describe, expect, it } from 'vitest'
import { assertSupported, shapeOf, UnsupportedModelError } from '../../tools/webllm-model/src/index.js'
import { readGgufMetadata } from '../../apps/server/src/models/index.js'
import { randomGguf, smollm2 } from '../models/index.js'

const shape = { name: 'supported', layers: 1, embedding: 64, heads: 2, kvHeads: 1, ffn: 96, vocab: 300 }
const head = async (): Promise<GgufMetadata> => await readGgufMetadata(await randomGguf(shape))

function withValues(metadata: GgufMetadata, values: GgufMetadata['values']): GgufMetadata {
  return { ...metadata, values: { ...metadata.values, ...values } }
}

describe('assertSupported', () => {
  it('lets Llama models through', async () => {
    assertSupported(await head())
    assertSupported(await readGgufMetadata(await smollm2()))
    assertSupported(await readGgufMetadata(await randomGguf({ ...shape, tied: false, tokenizer: 'llama' })))
  })

  it.each<readonly [GgufMetadata['values'], RegExp]>([
    [{ 'general.architecture': 'qwen2' }, /architecture is "qwen2".*"llama" only/],
    [{ 'llama.expert_count': 8 }, /mixture of 8 experts/],
    [{ 'llama.pooling_type': 1 }, /for embeddings/],
    [{ 'tokenizer.ggml.model': 'bert' }, /tokenizer is of the kind "bert"/],
    [{ 'tokenizer.ggml.pre': 'viking' }, /splits text by the rules "viking".*llama-bpe/],
    [{ 'llama.rope.scaling.type': 'yarn' }, /scales RoPE by "yarn"/],
    [{ 'llama.block_count': 2 }, /lacks the tensor blk\.1\.attn_norm\.weight/],
  ])('refuses %o by name', async (values, message) => {
    const metadata = withValues(await head(), values)
    expect(() => assertSupported(metadata)).toThrow(UnsupportedModelError)
    expect(() => assertSupported(metadata)).toThrow(message)
  })

  it('refuses a tensor that the compiled model has no place for', async () => {
    const metadata = await head()
    const bias = { name: 'blk.0.attn_q.bias', shape: [64], type: 'F32' } as const
    const more = { ...metadata, tensors: [...metadata.tensors, bias] }
    expect(() => assertSupported(more)).toThrow(/tensor blk\.0\.attn_q\.bias, which/)
  })
})

describe('shapeOf', () => {
  it('reads what the file says', async () => {
    const wide = { ...shape, headSize: 48, tied: false }
    expect(shapeOf(await readGgufMetadata(await randomGguf(wide)), 'q4')).toEqual({
      hidden: 64,
      inter: 96,
      layers: 1,
      heads: 2,
      kv_heads: 1,
      head_dim: 48,
      rotary_dim: 48,
      vocab: 300,
      eps: expect.closeTo(1e-5, 9),
      tied: false,
      bits: 4,
      embed_bits: 8,
    })
  })

  it('names a size that rows of groups cannot have, and takes it as float32', async () => {
    const odd = await readGgufMetadata(await randomGguf({ ...shape, ffn: 90, type: 'F32' }))
    expect(() => shapeOf(odd, 'q4')).toThrow(/inter is 90, which is no multiple of 32/)
    expect(shapeOf(odd, 'f32').inter).toBe(90)
  })

  it('refuses sizes that differ from layer to layer', async () => {
    const metadata = withValues(await head(), { 'llama.attention.head_count_kv': [1, 2] })
    expect(() => shapeOf(metadata, 'q4')).toThrow(/`llama\.attention\.head_count_kv` is \[1,2\]/)
  })
})
