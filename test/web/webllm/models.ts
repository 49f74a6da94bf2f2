import { randomGguf, webLlmModel, whyNoWebModels } from '../../models/index.js'

export { whyNoWebModels }

/**
 * A small random model called `toy`: its folder and its library, as a lab's server is to serve them. Its
 * output matrix is its own: one whose embeddings serve for that too says one token for ever.
 */
export async function toyFiles(): Promise<Record<string, string>> {
  const gguf = await randomGguf({
    name: 'web-toy',
    layers: 2,
    embedding: 64,
    heads: 2,
    kvHeads: 1,
    ffn: 128,
    vocab: 320,
    tied: false,
  })
  const { folder, library } = await webLlmModel({ gguf, context: 1024 })
  return { '/models/toy/resolve/main/': `${folder}/`, '/models/toy.wasm': library }
}
