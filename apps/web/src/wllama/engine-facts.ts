import type { Bytes, EngineFacts, GgufMetadata, KvType, Tokens } from '@berth/budget'
import type { Purpose } from '@berth/scheduler'
import { figure } from './gguf-sources.js'

/** A WebAssembly memory of wllama's build ends here: weights, KV cache and buffers of one model together. */
export const MOST_MEMORY: Bytes = 4 * 2 ** 30

/**
 * What a worker of wllama takes outside its WebAssembly memory, most of it the compiled program: 85 to 100 MB of
 * resident memory measured in Chromium on Linux, with one thread.
 */
export const PROGRAM: Bytes = 92e6

/** Room in a worker's memory for the vocabulary, for requests, and for the caches of earlier prompts. */
const BESIDE: Bytes = 128e6

/** What a worker takes beside the engine's buffers. */
export const WORKER_OVERHEAD: Bytes = PROGRAM + BESIDE

/** What the engine's build knows of KV types. */
export const KV_TYPES = [
  'f32',
  'f16',
  'q8_0',
  'q5_1',
  'q5_0',
  'q4_1',
  'q4_0',
] as const satisfies readonly KvType[]

/** Weights of which a chunk of 64 tokens is read in well under a second, with one thread. */
const SMALL: Bytes = 400e6
/** An encoder reads a whole text in one call; this bounds what its buffers take. */
const MOST_ENCODED: Tokens = 2_048

/**
 * Tokens in one decode call at most. A job is interrupted only between two calls, and others' tokens wait for
 * the call that theirs are in; more tokens a call are hardly faster here, where the CPU's arithmetic is the limit.
 */
function batchSize(metadata: GgufMetadata, purpose: Purpose, weights: Bytes): Tokens {
  if (purpose === 'generate') return weights < SMALL ? 64 : 32
  return Math.max(1, Math.min(figure(metadata, 'context_length') ?? MOST_ENCODED, MOST_ENCODED))
}

/** What the arithmetic of memory has to know of how this engine works. */
export function engineFacts(metadata: GgufMetadata, purpose: Purpose, weights: Bytes): EngineFacts {
  return {
    batchSize: batchSize(metadata, purpose, weights),
    logits: 'slots',
    flashAttention: true,
    contexts: 'shared',
    cpuOnly: true,
    // Its build rearranges no weights.
    cpuFeatures: [],
    mmap: false,
    hostOverhead: WORKER_OVERHEAD,
    gpuOverhead: 0,
  }
}
