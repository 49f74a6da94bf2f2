import type { EngineFacts } from './engine-facts.js'

/**
 * How Berth's llama backend runs llama.cpp, for plans about machines that are not here to be asked: a CUDA build,
 * and a CPU with AVX2. On a machine that is here the backend says itself.
 */
export const PLANNED_ENGINE: EngineFacts = {
  batchSize: 512,
  flashAttention: true,
  contexts: 'shared',
  cpuFeatures: ['AVX2', 'REPACK'],
  mmap: 'unless-repacked',
  hostOverhead: 100e6,
  gpuOverhead: 450e6,
}
