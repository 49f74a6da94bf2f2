import type { AdapterFacts } from '../webllm/index.js'
import type { GgufSizes } from './gguf-sizes.js'
import type { EngineSource } from './listed-model.js'
import type { WebLlmSourceOptions } from './webllm-source.js'

export interface EnginesOptions extends Omit<WebLlmSourceOptions, 'adapter'> {
  /** Null where there is no GPU, and so no WebLLM. */
  readonly adapter: AdapterFacts | null
  readonly sizes: GgufSizes
}

/**
 * The engines of this browser, the GPU's first. Each comes in files of its own, which nobody waits for; one whose
 * files cannot be had (the network is off, and they were never needed before) is left out until the next start.
 */
export async function openEngines({
  adapter,
  sizes,
  ...shared
}: EnginesOptions): Promise<readonly EngineSource[]> {
  const wanted: Promise<EngineSource>[] = [
    import('./wllama-source.js').then(({ WllamaSource }) => new WllamaSource({ ...shared, sizes })),
  ]
  if (adapter !== null) {
    wanted.unshift(
      import('./webllm-source.js').then(({ WebLlmSource }) => new WebLlmSource({ ...shared, adapter })),
    )
  }
  const opened = await Promise.allSettled(wanted)
  return opened.flatMap((engine) => (engine.status === 'fulfilled' ? [engine.value] : []))
}
