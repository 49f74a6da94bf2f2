import type { Bytes, Tokens } from './units.js'

/**
 * What the engine does that a model's file does not tell. The backend finds it out at run time and hands it
 * to `profileFromGguf`, so that the arithmetic here knows no engine's defaults.
 */
export interface EngineFacts {
  /** Tokens that one decode call takes at most (n_batch and n_ubatch). Compute buffers grow with it. */
  readonly batchSize: Tokens
  /** For how many tokens of a batch there is room for logits; absent: for all. `slots`: one each. */
  readonly logits?: 'slots'
  /** Whether attention scores are never written out in full. Without it, compute buffers grow with the context. */
  readonly flashAttention: boolean
  /** `shared`: one engine context with a sequence a slot; `own`: an engine context for every slot (embeddings). */
  readonly contexts: 'shared' | 'own'
  /** Jobs at a time that a runner takes at most; absent: as many as fit. */
  readonly maxSlots?: number
  /** The engine computes on the CPU alone, whatever GPUs there are; absent: on them too. */
  readonly cpuOnly?: true
  /** What the CPU can do, by llama.cpp's names (`cpuFeaturesOf` its system info): tells which weights it rearranges. */
  readonly cpuFeatures: readonly string[]
  /**
   * Whether the file is memory-mapped. The mapping stays beside weights that the CPU backend rearranges, so
   * that these are in memory twice: `unless-repacked` maps only files of which nothing is rearranged.
   * The profile says in `mmap` what that comes to.
   */
  readonly mmap: boolean | 'unless-repacked'
  /** What a runner's process takes in host memory before it has loaded anything. */
  readonly hostOverhead: Bytes
  /** What a runner's process takes on every GPU that it uses before it has loaded anything. */
  readonly gpuOverhead: Bytes
}
