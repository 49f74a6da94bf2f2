import { MEDIA_TYPE, type Layer, type ModelFacts, type StoreWriter } from '../models/index.js'

/** Stores what a manifest's config says of a model, as Ollama writes it. */
export async function configLayer(
  store: StoreWriter,
  facts: ModelFacts,
  layers: readonly Layer[],
): Promise<Layer> {
  const config = {
    model_format: facts.format ?? 'gguf',
    model_family: facts.family,
    model_families: facts.families,
    model_type: facts.parameterSize,
    file_type: facts.quantization,
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  }
  return await store.putText(MEDIA_TYPE.config, JSON.stringify(config))
}
