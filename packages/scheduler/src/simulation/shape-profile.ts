import type { GgufProfile } from '@berth/budget'
import type { TraceModel } from './trace.js'

const NOTHING = { bytes: 0, repackable: 0, repacked: 0 }

/** Layers where a model gives no shape: a common figure, which matters only where it is split. */
const USUAL_LAYERS = 32

/** A model's memory from the few figures of its shape: weights and KV cache, evenly over its layers. */
export function profileOfShape({ shape, parameters, ...model }: TraceModel): GgufProfile {
  const bytes = Math.round(model.bytes)
  const { layers = USUAL_LAYERS, kvBytesPerToken = 0, trainedContext, overheadBytes = 0 } = shape ?? {}
  // An f16 element takes 2 bytes, and half of the elements are K.
  const elements = Math.round(kvBytesPerToken / layers / 4)
  const kv = elements === 0 ? null : { k: elements, v: elements, window: null }
  const each = Math.floor(bytes / layers)
  const weights = { ...NOTHING, bytes: each }
  return {
    kind: 'gguf',
    architecture: 'shape',
    trainedContext: trainedContext ?? null,
    layers: Array.from({ length: layers }, () => ({ weights, kv, stateBytesPerSlot: 0 })),
    input: NOTHING,
    output: { ...NOTHING, bytes: Math.max(0, bytes - each * layers) },
    tiedOutput: null,
    parameters: parameters ?? 0,
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
      gpuOverhead: overheadBytes,
    },
    mmap: false,
  }
}
