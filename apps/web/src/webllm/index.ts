export { readAdapter } from './adapter.js'
export { spawnWebLlmWorker, WebLlmBackend } from './backend.js'
export { chooseLibrary, missingFeatures, modelOfRecord } from './model.js'
export { recordFacts } from './profile.js'
export { deleteModel, isModelStored, weightFiles } from './weights.js'

export type { AdapterFacts } from './adapter.js'
export type { WebLlmLibrary, WebLlmModel } from './model.js'
