export { whyNot } from './support.js'
export { deleteModel, isModelStored, storedBytes, weightFiles } from './weight-chunks.js'
export { WllamaBackend } from './wllama-backend.js'

export type { GgufModel } from './gguf-model.js'
