export { bytesOfModel } from './gguf-model.js'
export { mostThreads, whyNot } from './support.js'
export { deleteModel, isModelStored, storedBytes, weightFiles } from './weight-chunks.js'
export { WllamaBackend } from './wllama-backend.js'

export type { GgufFile, GgufModel } from './gguf-model.js'
export type { WllamaBackendOptions } from './wllama-backend.js'
