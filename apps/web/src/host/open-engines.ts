import type { AdapterFacts } from '../webllm/index.js'
import type { GgufSizes } from './gguf-sizes.js'
import type { EngineSource } from './listed-model.js'
import type { WebLlmSourceOptions } from './webllm-source.js'

export interface EnginesOptions extends Omit<WebLlmSourceOptions, 'adapter'> {
  /** Null where there is no GPU, and so no WebLLM. */
  readonly adapter: AdapterFacts | null
  readonly sizes: GgufSizes
}

/** The engines of this browser, the GPU's first. Each comes in files of its own, which nobody waits for. */
export async function openEngines({
  adapter,
  sizes,
  ...shared
}: EnginesOptions): Promise<readonly EngineSource[]> {
  const wllama = import('./wllama-source.js').then(
    ({ WllamaSource }) => new WllamaSource({ ...shared, sizes }),
  )
  if (adapter === null) return [await wllama]
  const { WebLlmSource } = await import('./webllm-source.js')
  return [new WebLlmSource({ ...shared, adapter }), await wllama]
}
