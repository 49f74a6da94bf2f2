import type { Bytes, GgufProfile, Tokens } from '@berth/budget'

/** A model's memory in round figures: nothing but weights and KV cache, evenly over its layers. */
export function plainProfile(of: {
  readonly weights: Bytes
  /** Bytes of f16 KV cache that one token takes, over all layers. */
  readonly kvPerToken?: Bytes
  readonly layers?: number
  readonly trainedContext?: Tokens
}): GgufProfile {
  const count = of.layers ?? 1
  const weights = { bytes: of.weights / count, repackable: 0, repacked: 0 }
  const none = { bytes: 0, repackable: 0, repacked: 0 }
  // An f16 element takes 2 bytes, and half of the elements are K.
  const elements = (of.kvPerToken ?? 0) / count / 4
  const kv = elements === 0 ? null : { k: elements, v: elements, window: null }
  return {
    kind: 'gguf',
    architecture: 'plain',
    trainedContext: of.trainedContext ?? null,
    layers: Array.from({ length: count }, () => ({ weights, kv, stateBytesPerSlot: 0 })),
    input: none,
    output: none,
    tiedOutput: null,
    parameters: 0,
    graph: {
      embedding: 0,
      vocabulary: 0,
      feedForward: 0,
      heads: 0,
      queries: 0,
      keyValues: 0,
      values: 0,
      experts: null,
      largestMatrix: 0,
      hasCache: kv !== null,
      window: null,
    },
    engine: {
      batchSize: 1,
      flashAttention: true,
      contexts: 'shared',
      cpuFeatures: [],
      mmap: false,
      hostOverhead: 0,
      gpuOverhead: 0,
    },
    mmap: false,
  }
}
