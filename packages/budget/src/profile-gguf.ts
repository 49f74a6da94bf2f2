import type { EngineFacts } from './engine-facts.js'
import { tensorBytes } from './ggml-type.js'
import { attentionOf, isEncoder } from './gguf-attention.js'
import type { GgufMetadata, GgufTensor } from './gguf-metadata.js'
import { GgufReader } from './gguf-reader.js'
import { recurrentStateBytes } from './gguf-recurrent.js'
import type { GgufProfile, GraphShape, LayerProfile, WeightBytes } from './memory-profile.js'
import { ProfileError } from './profile-error.js'
import { repackedBytes } from './repacked.js'

/** Tensors that llama.cpp keeps in host memory, wherever the layers are (`LLM_TENSOR_LAYER_INPUT`). */
const INPUT = /^(token_embd|position_embd|token_types|token_embd_norm|per_layer_token_embd)\./

const NOTHING: WeightBytes = { bytes: 0, repackable: 0, repacked: 0 }

/**
 * What a GGUF model needs, from the head of its file.
 * @throws ProfileError where the metadata cannot be a model's.
 */
export function profileFromGguf(metadata: GgufMetadata, engine: EngineFacts): GgufProfile {
  const reader = new GgufReader(metadata)
  const layers = Array.from({ length: reader.layers }, () => NOTHING)
  let input = NOTHING
  let output = NOTHING
  let parameters = 0
  let largestMatrix = 0
  for (const tensor of metadata.tensors) {
    const block = /^blk\.(\d+)\./.exec(tensor.name)?.[1]
    parameters += tensor.shape.reduce((product, size) => product * size, 1)
    if (block !== undefined) {
      const weights = layers[Number(block)]
      if (!weights) {
        throw new ProfileError(
          `tensor ${tensor.name} is of layer ${block}, but the model has ${layers.length} layers`,
        )
      }
      layers[Number(block)] = plus(weights, weightBytes(tensor, engine))
      largestMatrix = Math.max(largestMatrix, tensorBytes(tensor.type, tensor.shape))
    } else if (INPUT.test(tensor.name)) {
      // Rows are looked up here, not multiplied with: nothing of it is rearranged.
      input = plus(input, { ...NOTHING, bytes: tensorBytes(tensor.type, tensor.shape) })
    } else {
      output = plus(output, weightBytes(tensor, engine))
    }
  }
  if (parameters === 0) throw new ProfileError('the file has no tensors')
  const tiedOutput = isEncoder(reader) ? null : tiedOutputOf(metadata, engine)
  const repacks = [...layers, output, tiedOutput ?? NOTHING].some(({ repacked }) => repacked > 0)
  const profiles = layers.map((weights, index) => ({
    weights,
    kv: attentionOf(reader, index),
    stateBytesPerSlot: recurrentStateBytes(reader, index),
  }))
  return {
    kind: 'gguf',
    ...(engine.maxSlots === undefined ? {} : { maxSlots: engine.maxSlots }),
    architecture: reader.architecture,
    trainedContext: reader.number('context_length') ?? null,
    layers: profiles,
    input,
    output,
    tiedOutput,
    parameters,
    graph: { ...graphOf(reader, profiles), gated: hasGates(reader, metadata), largestMatrix },
    engine,
    mmap: engine.mmap === 'unless-repacked' ? !repacks : engine.mmap,
  }
}

/** Only encoders are known to go without: of others, gate and projection may be one tensor. */
function hasGates(reader: GgufReader, { tensors }: GgufMetadata): boolean {
  if (!isEncoder(reader)) return true
  const width = reader.number('feed_forward_length') ?? 0
  return tensors.some(
    ({ name, shape }) =>
      name.includes('.ffn_gate') || (name.endsWith('.ffn_up.weight') && (shape[1] ?? 0) > width),
  )
}

function tiedOutputOf(metadata: GgufMetadata, engine: EngineFacts): WeightBytes | null {
  if (metadata.tensors.some(({ name }) => name === 'output.weight')) return null
  const embeddings = metadata.tensors.find(({ name }) => name === 'token_embd.weight')
  return embeddings ? weightBytes(embeddings, engine) : null
}

function weightBytes(tensor: GgufTensor, engine: EngineFacts): WeightBytes {
  const bytes = tensorBytes(tensor.type, tensor.shape)
  const repacked = repackedBytes(tensor, engine.cpuFeatures)
  return { bytes, repackable: repacked > 0 ? bytes : 0, repacked }
}

function plus(a: WeightBytes, b: WeightBytes): WeightBytes {
  return {
    bytes: a.bytes + b.bytes,
    repackable: a.repackable + b.repackable,
    repacked: a.repacked + b.repacked,
  }
}

function graphOf(reader: GgufReader, layers: readonly LayerProfile[]): Omit<GraphShape, 'largestMatrix'> {
  const most = (key: string): number => {
    let largest = 0
    for (let layer = 0; layer < reader.layers; layer++)
      largest = Math.max(largest, reader.perLayer(key, layer) ?? 0)
    return largest
  }
  const heads = most('attention.head_count')
  const even = heads > 0 ? Math.floor(reader.embedding / heads) : 0
  const count = reader.number('expert_count') ?? 0
  const windows = layers.flatMap(({ kv }) => (kv && kv.window !== null ? [kv.window] : []))
  // Recurrent layers are as wide as their inner state.
  const inner = reader.number('ssm.inner_size') ?? 0
  return {
    embedding: reader.embedding,
    vocabulary: isEncoder(reader) ? 0 : reader.vocabulary,
    feedForward: Math.max(most('feed_forward_length'), 2 * inner),
    heads,
    queries: Math.max(heads * (reader.number('attention.key_length') ?? even), inner),
    keyValues: Math.max(0, ...layers.map(({ kv }) => kv?.k ?? 0)),
    values: Math.max(heads * (reader.number('attention.value_length') ?? even), inner),
    experts:
      count === 0
        ? null
        : {
            count,
            used: most('expert_used_count'),
            feedForward: most('expert_feed_forward_length') || most('feed_forward_length'),
          },
    hasCache: layers.some(({ kv }) => kv !== null),
    window: windows.length > 0 ? Math.max(...windows) : null,
  }
}
