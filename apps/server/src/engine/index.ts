export { createEngine } from './engine.js'
export { LearnedFile } from './learned-file.js'
export { engineModels, servedModels } from './model-sources.js'

export type { Engine } from './engine.js'
