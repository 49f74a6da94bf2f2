import type { EngineFacts } from './engine-facts.js'
import type { WebLlmProfile } from './profile-webllm.js'
import type { Bytes, Tokens } from './units.js'

/**
 * What a model needs, by layer, by slot and by token of context, as far as its file and its engine tell.
 * Plain data: it can be stored and sent. `place` turns it into bytes on devices.
 */
export type MemoryProfile = ForeignProfile | GgufProfile | WebLlmProfile

/** A model in somebody else's memory (a remote engine): nothing of it is ours to reserve. */
export interface ForeignProfile {
  readonly kind: 'foreign'
  /** Jobs at a time, at most; absent: as many as one likes. */
  readonly maxSlots?: number
  /** Tokens of context that the model was made for; null where it does not say. */
  readonly trainedContext: Tokens | null
}

/** A foreign model of which nothing is known. */
export const FOREIGN_PROFILE: ForeignProfile = { kind: 'foreign', trainedContext: null, maxSlots: 1 }

/** A model in a GGUF file, as llama.cpp loads it. */
export interface GgufProfile {
  readonly kind: 'gguf'
  /** Jobs at a time, at most; absent: as many as fit. */
  readonly maxSlots?: number
  readonly architecture: string
  readonly trainedContext: Tokens | null
  /** Repeating layers in order. The output layer comes after them and is not among them. */
  readonly layers: readonly LayerProfile[]
  /** Token embeddings and what else is read before the first layer: host memory always. */
  readonly input: WeightBytes
  /** The output layer's own tensors. */
  readonly output: WeightBytes
  /** Where the token embeddings serve as the output layer too: what that takes where they are not already. */
  readonly tiedOutput: WeightBytes | null
  /** Weights of all tensors in the file, one by one: with the bytes, that is what the quantization comes to. */
  readonly parameters: number
  readonly graph: GraphShape
  readonly engine: EngineFacts
  /** Whether the engine is to map the file into memory, by `engine.mmap` and what is rearranged of this one. */
  readonly mmap: boolean
}

export interface WeightBytes {
  /** As in the file, and as they are on a GPU. */
  readonly bytes: Bytes
  /** Of these, what the CPU backend rearranges when they are in host memory. */
  readonly repackable: Bytes
  /** What the rearranged ones take. */
  readonly repacked: Bytes
}

export interface LayerProfile {
  readonly weights: WeightBytes
  /** null: the layer keeps no KV (it is recurrent, or reads another layer's). */
  readonly kv: KvShape | null
  /** A recurrent layer's state, whatever the context's length. */
  readonly stateBytesPerSlot: Bytes
}

export interface KvShape {
  /** Elements of K that one token takes: KV heads × K head size. */
  readonly k: number
  /** Elements of V that one token takes; 0 where V is read from K's latent vector (MLA). */
  readonly v: number
  /** A sliding window's tokens; null: the whole context. */
  readonly window: Tokens | null
}

/** Widths, in numbers a token, on which compute buffers depend: the largest of all layers. */
export interface GraphShape {
  readonly embedding: number
  /** How many logits a token gets; 0 for encoders, which make none. */
  readonly vocabulary: number
  readonly feedForward: number
  /** Whether feed-forward networks have a gate beside the projection up; absent: they do. */
  readonly gated?: boolean
  readonly heads: number
  /** Query heads × K head size. */
  readonly queries: number
  /** KV heads × K head size. */
  readonly keyValues: number
  /** Query heads × V head size: what attention gives. */
  readonly values: number
  /** A mixture of experts' feed-forward layers; null where a layer has one feed-forward network. */
  readonly experts: { readonly count: number; readonly used: number; readonly feedForward: number } | null
  /** Bytes of the largest matrix of any repeating layer. */
  readonly largestMatrix: Bytes
  /** Whether there is a KV cache; encoders have none. */
  readonly hasCache: boolean
  /** The largest sliding window of any layer; null where none has one. */
  readonly window: Tokens | null
}
