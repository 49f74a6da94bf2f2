export { createEngine } from './engine.js'
export { servedModels } from './model-sources.js'

export type { Engine } from './engine.js'
